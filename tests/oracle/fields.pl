#!/usr/bin/perl
# Tells what SpamAssassin matches its patterns against: one JSON object a mail, octets as characters.
#
# Usage: fields.pl RULES SITE ROOT [JOBS] < LIST       (see hits.pl)
#
# body, rawbody, uri: lists of texts; full: one text; header: text by form (only those that some rule reads and the mail
# has), parts: for each part, text by field name.
use strict;
use warnings;
use Mail::SpamAssassin;

my ($rules, $site, $root, $jobs) = @ARGV;
die "usage: fields.pl RULES SITE ROOT [JOBS] < LIST\n" unless defined $root;
$jobs ||= 1;
$ENV{LANG} = $ENV{LC_ALL} = $ENV{LANGUAGE} = 'C';
chomp(my @mails = <STDIN>);

my $spamassassin = Mail::SpamAssassin->new({
    rules_filename => $rules, site_rules_filename => $site, userprefs_filename => '/dev/null',
    userstate_dir => $ENV{TMPDIR} // '/tmp', local_tests_only => 1, dont_copy_prefs => 1, require_rules => 1,
    post_config_text => "use_bayes 0\nuse_auto_welcomelist 0\n",
});
$spamassassin->init(0);
my $conf = $spamassassin->{conf};
my %forms = map { $_ => 1 } values %{ $conf->{test_opt_header} };
my %fields = map { $_->{hdr} => 1 } values %{ $conf->{mimeheader_tests} };

sub quoted {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text) && $text =~ /[^\x00-\xff]/;
    $text =~ s/(["\\])/\\$1/g;
    $text =~ s/([^\x20-\x7e])/sprintf '\\u%04x', ord $1/ge;
    return "\"$text\"";
}

sub list { return '[' . join(',', map { quoted($_) } @_) . ']' }

sub object {
    my ($pairs) = @_;
    return '{' . join(',', map { quoted($_) . ':' . $pairs->{$_} } sort keys %$pairs) . '}';
}

sub told {
    my ($path) = @_;
    open my $in, '<:raw', "$root/$path" or die "$root/$path: $!\n";
    my $octets = do { local $/; <$in> };
    close $in;
    $octets =~ s/\r\n/\n/g; # as a mail reaches it on Unix
    my $mail = $spamassassin->parse($octets, 1);
    # Judged first: the FreeMail plugin strips addresses and links out of the body that later rules see.
    my $status = $spamassassin->check($mail);
    my %headers;
    for my $form (keys %forms) {
        my @values = $status->get($form);
        next unless @values;
        $headers{$form} = quoted(join($values[0] =~ /\n\z/ ? '' : "\n", @values));
    }
    my @parts;
    for my $part ($mail->find_parts(qr/./)) {
        my %values;
        for my $field (keys %fields) {
            (my $name = $field) =~ s/:raw$//;
            my $raw = $name ne $field;
            my $value = $name eq 'ALL' ? $part->get_all_headers($raw, 0)
                : $raw ? $part->raw_header($name) : $part->get_header($name);
            $values{$field} = quoted($value) if defined $value;
        }
        push @parts, object(\%values);
    }
    my $line = object({
        mail => quoted($path), header => object(\%headers), parts => '[' . join(',', @parts) . ']',
        body => list(@{ $status->get_decoded_stripped_body_text_array }),
        rawbody => list(@{ $status->get_decoded_body_text_array }),
        uri => list($status->get_uri_list), full => quoted($mail->get_pristine),
    });
    $status->finish;
    $mail->finish;
    return "$line\n";
}

# Each process takes every JOBS-th mail and writes into a file of its own, which is read when it is done.
my @jobs;
for my $job (0 .. $jobs - 1) {
    open my $file, '+>', undef or die "temporary file: $!\n";
    my $process = fork // die "fork: $!\n";
    if (!$process) {
        for (my $index = $job; $index < @mails; $index += $jobs) {
            print {$file} told($mails[$index]);
        }
        close $file or die "temporary file: $!\n";
        exit 0;
    }
    push @jobs, [$process, $file];
}
my $failed = 0;
for my $job (@jobs) {
    my ($process, $file) = @$job;
    waitpid $process, 0;
    $failed = 1 if $?;
    seek $file, 0, 0;
    print while <$file>;
}
exit $failed;
