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
use FindBin;
use lib $FindBin::Bin;
use Asking;

my $spamassassin = spamassassin();
$spamassassin->compile_now(0, 1);

sub judged {
    my ($path) = @_;
    my $mail = $spamassassin->parse(octets($path), 1);
    my $status = $spamassassin->check($mail);
    my $hits = $status->{tests_already_hit};
    my $line = join ',', map { quoted($_) . ':' . (0 + $hits->{$_}) } grep { $hits->{$_} } sort keys %$hits;
    $status->finish;
    $mail->finish;
    return '{"mail":' . quoted($path) . ",\"hits\":{$line}}\n";
}

tell(\&judged);
