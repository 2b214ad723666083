#!/usr/bin/perl
# What the installed SpamAssassin makes of messages: one JSON line per file named on standard input.
# Line ends become LF first, as a Unix mail system hands messages over. No network, no rules run.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use Mail::SpamAssassin;
use Mail::SpamAssassin::PerMsgStatus;

my @headers = split /,/, ($ENV{WEHR_HEADERS} // 'Subject,Subject:raw,From,From:raw,From:addr,From:name,To:addr,To:name,ToCc,'
    . 'Reply-To:addr,Message-Id,MESSAGEID,EnvelopeFrom,ALL,ALL:raw,Received,X-Spam-Relays-External,'
    . 'X-Spam-Relays-Untrusted,X-Spam-Relays-Trusted,X-Spam-Relays-Internal,ALL-EXTERNAL,ALL-TRUSTED,From:addr:domain,From:host,Received:ip,Content-Type');
my @evals = grep { length } split /\n/, ($ENV{WEHR_EVALS} // '');

my $sa = Mail::SpamAssassin->new({
    dont_copy_prefs => 1, local_tests_only => 1, userstate_dir => '/nonexistent', userprefs_filename => '/dev/null',
    post_config_text => "use_bayes 0\nuse_auto_welcomelist 0\ndns_available no\nlock_method flock\n",
});
$sa->compile_now(0);
my $json = JSON::PP->new->canonical->ascii;
$| = 1;

sub octets {
    my ($text) = @_;
    return undef unless defined $text;
    my $copy = $text;
    utf8::encode($copy) if utf8::is_utf8($copy);
    return encode_base64($copy, '');
}

while (my $path = <STDIN>) {
    chomp $path;
    open my $file, '<:raw', $path or next;
    my $raw = do { local $/; <$file> };
    close $file;
    $raw =~ s/\r\n/\n/g;
    my $mail = $sa->parse($raw, 1);
    my $status = Mail::SpamAssassin::PerMsgStatus->new($sa, $mail);
    $status->extract_message_metadata;
    my %line = (path => $path);
    $line{body} = [map { octets($_) } @{ $status->get_decoded_stripped_body_text_array }];
    $line{rawbody} = [map { octets($_) } @{ $status->get_decoded_body_text_array }];
    $line{full} = octets($mail->get_pristine);
    $line{uri} = [sort map { octets($_) } $status->get_uri_list];
    for my $name (@headers) {
        my @values = $status->get($name);
        $line{header}{$name} = @values ? octets(join($values[0] =~ /\n\z/ ? '' : "\n", @values)) : undef;
    }
    my @parts;
    for my $part ($mail->find_parts(qr/./)) {
        push @parts, join '', map { $part->get_header($_) // '' } qw(content-type content-disposition);
    }
    $line{mime} = [map { octets($_) } @parts];
    $status->{html_all} = $mail->{metadata}->{html_all};
    for my $eval (@evals) {
        my ($kind, $call) = split / /, $eval, 2;
        my ($name, $args) = $call =~ /^(\w+)\((.*)\)$/s or next;
        my @args = eval "($args)";
        my $plugin = $status->{conf}->{eval_plugins}->{$name} or next;
        my @data = $kind eq 'body' ? ($status->get_decoded_stripped_body_text_array)
            : $kind eq 'rawbody' ? ($status->get_decoded_body_text_array)
            : $kind eq 'full' ? (do { my $full = $mail->get_pristine; \$full }) : ();
        my $hit = eval { $plugin->$name($status, @data, @args) };
        $line{eval}{$eval} = $hit ? 1 : 0;
    }
    print $json->encode(\%line), "\n";
    $status->finish;
    $mail->finish;
}
