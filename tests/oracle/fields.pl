#!/usr/bin/perl
# Tells what SpamAssassin matches its patterns against: one JSON object a mail, octets as characters.
#
# Usage: fields.pl RULES SITE ROOT [JOBS] < LIST       (see hits.pl)
#
# body, rawbody, uri: lists of texts; full: one text; header: text by form (only those that some rule reads and the mail
# has), parts: for each part, text by field name.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Asking;

my $spamassassin = spamassassin();
my $conf = $spamassassin->{conf};
my %forms = map { $_ => 1 } values %{ $conf->{test_opt_header} };
my %fields = map { $_->{hdr} => 1 } values %{ $conf->{mimeheader_tests} };

sub list { return '[' . join(',', map { quoted($_) } @_) . ']' }

sub object {
    my ($pairs) = @_;
    return '{' . join(',', map { quoted($_) . ':' . $pairs->{$_} } sort keys %$pairs) . '}';
}

sub told {
    my ($path) = @_;
    my $mail = $spamassassin->parse(octets($path), 1);
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

tell(\&told);
