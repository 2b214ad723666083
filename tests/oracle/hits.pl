#!/usr/bin/perl
# Judges mails with the real SpamAssassin: one JSON object a mail, with every rule that hit and how often.
#
# Usage: hits.pl RULES SITE ROOT [JOBS] < LIST
#   RULES  folder with *.cf
#   SITE   folder with the *.pre files that load plugins (and no *.cf)
#   ROOT   folder that the paths of LIST (one a line) are relative to
#   JOBS   processes, 1 unless told
#
# Rules only: no network, no Bayes, no reputation, no user preferences. Sub-rules (`__NAME`) are told, too.
use strict;
use warnings;
use Mail::SpamAssassin;

my ($rules, $site, $root, $jobs) = @ARGV;
die "usage: hits.pl RULES SITE ROOT [JOBS] < LIST\n" unless defined $root;
$jobs ||= 1;
$ENV{LANG} = $ENV{LC_ALL} = $ENV{LANGUAGE} = 'C';
chomp(my @mails = <STDIN>);

my $spamassassin = Mail::SpamAssassin->new({
    rules_filename => $rules, site_rules_filename => $site, userprefs_filename => '/dev/null',
    userstate_dir => $ENV{TMPDIR} // '/tmp', local_tests_only => 1, dont_copy_prefs => 1, require_rules => 1,
    post_config_text => "use_bayes 0\nuse_auto_welcomelist 0\n",
});
$spamassassin->init(0);
$spamassassin->compile_now(0, 1);

sub quoted {
    my ($text) = @_;
    $text =~ s/(["\\])/\\$1/g;
    $text =~ s/([^\x20-\x7e])/sprintf '\\u%04x', ord $1/ge;
    return "\"$text\"";
}

sub judged {
    my ($path) = @_;
    open my $in, '<:raw', "$root/$path" or die "$root/$path: $!\n";
    my $octets = do { local $/; <$in> };
    close $in;
    $octets =~ s/\r\n/\n/g; # as a mail reaches it on Unix
    my $mail = $spamassassin->parse($octets, 1);
    my $status = $spamassassin->check($mail);
    my $hits = $status->{tests_already_hit};
    my $line = join ',', map { quoted($_) . ':' . (0 + $hits->{$_}) } grep { $hits->{$_} } sort keys %$hits;
    $status->finish;
    $mail->finish;
    return '{"mail":' . quoted($path) . ",\"hits\":{$line}}\n";
}

# Each process takes every JOBS-th mail and writes into a file of its own, which is read when it is done.
my @jobs;
for my $job (0 .. $jobs - 1) {
    open my $file, '+>', undef or die "temporary file: $!\n";
    my $process = fork // die "fork: $!\n";
    if (!$process) {
        for (my $index = $job; $index < @mails; $index += $jobs) {
            print {$file} judged($mails[$index]);
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
