#!/usr/bin/perl
# Inputs for benches/scan.sh, taken from the SpamAssassin that is installed.
#
#   sa_text.pl rules OUT.tsv             every regular expression after SpamAssassin's own parsing: kind, name, regex, flags
#   sa_text.pl text OUT.bin FOLDER...    the text of mails as its body rules see it (first the Subject, then the paragraphs)
#
# OUT.bin: for each mail the number of segments, for each segment its octets and then itself; numbers are 32 bits, little endian.
# Nothing of what this writes belongs into the repository.
use strict;
use warnings;
use File::Find;
use Mail::SpamAssassin;
use Mail::SpamAssassin::PerMsgStatus;

my ($what, $out, @folders) = @ARGV;
die "usage: $0 rules OUT | text OUT FOLDER...\n" unless $what && $out && ($what eq 'rules' || ($what eq 'text' && @folders));
my $sa = Mail::SpamAssassin->new({
    local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null', rules_filename => '/usr/share/spamassassin',
});
$sa->init(1);
open(my $file, '>:raw', $out) or die "$out: $!\n";
$what eq 'rules' ? rules() : text();
close($file) or die "$out: $!\n";

sub rules {
    my $conf = $sa->{conf};
    for my $kind (qw(body head uri rawbody full)) {
        my $tests = $conf->{$kind . '_tests'};
        my %seen;
        for my $priority (sort keys %$tests) {
            for my $name (sort keys %{ $tests->{$priority} }) {
                my $regex = $conf->{test_qrs}{$name};
                next if !defined $regex || $seen{$name}++;
                my ($flags, $inner) = "$regex" =~ /\A\(\?\^([a-z]*):(.*)\)\z/s or next;
                $flags =~ tr/aud//d;
                next if $inner =~ /[\t\n]/;
                utf8::encode($inner) if utf8::is_utf8($inner);
                # Octets beyond ASCII stand alone for Perl, in a class too.
                $inner =~ s{\\([\x80-\xff])|(\\.)|([\x80-\xff])}{defined $2 ? $2 : sprintf('\\x%02X', ord($1 // $3))}gse;
                print $file join("\t", $kind, $name, $inner, $flags), "\n";
            }
        }
    }
}

sub text {
    my @mails;
    find({ no_chdir => 1, wanted => sub { push @mails, $_ if -f $_ } }, @folders);
    for my $path (sort @mails) {
        open(my $in, '<:raw', $path) or die "$path: $!\n";
        my $raw = do { local $/; <$in> };
        close($in);
        my $mail = $sa->parse($raw, 0);
        my $status = Mail::SpamAssassin::PerMsgStatus->new($sa, $mail);
        my $lines = $status->get_decoded_stripped_body_text_array();
        print $file pack('V', scalar @$lines);
        for my $line (@$lines) {
            my $octets = $line;
            utf8::encode($octets) if utf8::is_utf8($octets);
            print $file pack('V/a', $octets);
        }
        $status->finish();
        $mail->finish();
    }
}
