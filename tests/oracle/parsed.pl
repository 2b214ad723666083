#!/usr/bin/perl
# Writes what SpamAssassin understood of a folder of rule files: one JSON object a rule, sorted by name.
#
# Usage: parsed.pl RULES SITE
#   RULES  folder with *.cf
#   SITE   folder with the *.pre files that load plugins (and no *.cf)
#
# Nothing of SpamAssassin is stored here; it is asked.
use strict;
use warnings;
use Mail::SpamAssassin;

my ($rules, $site) = @ARGV;
die "usage: parsed.pl RULES SITE\n" unless defined $site;
$ENV{LANG} = $ENV{LC_ALL} = $ENV{LANGUAGE} = 'C';

my $spamassassin = Mail::SpamAssassin->new({
    rules_filename => $rules, site_rules_filename => $site, userprefs_filename => '/dev/null',
    userstate_dir => $ENV{TMPDIR} // '/tmp', local_tests_only => 1, dont_copy_prefs => 1, require_rules => 1,
});
# Texts are deleted at the end of parsing unless user rules are allowed.
$spamassassin->{conf}{allow_user_rules} = 1;
$spamassassin->init(0);
my $conf = $spamassassin->{conf};

# Everything is octets: one octet a character, escaped where JSON wants it.
sub text {
    my ($octets) = @_;
    return 'null' unless defined $octets;
    utf8::encode($octets) if utf8::is_utf8($octets) && $octets =~ /[^\x00-\xff]/;
    my $quoted = '';
    for my $octet (split //, $octets) {
        my $code = ord $octet;
        $quoted .= $octet eq '"' || $octet eq '\\' ? "\\$octet"
            : $code < 0x20 || $code > 0x7e ? sprintf('\\u%04x', $code) : $octet;
    }
    return "\"$quoted\"";
}

my %kind = map { $_ => $Mail::SpamAssassin::Conf::TYPE_AS_STRING{$_} } keys %Mail::SpamAssassin::Conf::TYPE_AS_STRING;

for my $name (sort keys %{ $conf->{tests} }) {
    my $type = $conf->{test_types}{$name};
    my $is_eval = $type % 2 == 1;
    my %field = (kind => text($kind{$type}), eval => $is_eval ? 'true' : 'false');
    my $mimeheader = $conf->{mimeheader_tests}{$name};
    if ($mimeheader && $is_eval && $conf->{tests}{$name} eq "_mimeheader_eval_$name()") {
        %field = (kind => text('mimeheader'), eval => 'false', header => text($mimeheader->{hdr}),
            negated => $mimeheader->{negated} ? 'true' : 'false', pattern => text("$mimeheader->{pattern}"),
            unset => text($mimeheader->{if_unset} eq '' ? undef : $mimeheader->{if_unset}));
    } elsif ($is_eval || $field{kind} =~ /meta/) {
        $field{text} = text($conf->{tests}{$name});
    } elsif ($field{kind} =~ /empty/) {
    } elsif ($field{kind} =~ /header/) {
        $field{header} = text($conf->{test_opt_header}{$name});
        $field{exists} = $conf->{test_opt_exists}{$name} ? 'true' : 'false';
        $field{negated} = $conf->{test_opt_neg}{$name} ? 'true' : 'false';
        $field{unset} = text($conf->{test_opt_unset}{$name});
        $field{pattern} = text("$conf->{test_qrs}{$name}") unless $conf->{test_opt_exists}{$name};
    } else {
        $field{pattern} = text("$conf->{test_qrs}{$name}");
    }
    $field{tflags} = text(join ' ', sort split ' ', $conf->{tflags}{$name} // '');
    $field{about} = text($conf->{descriptions}{$name});
    $field{scores} = '[' . join(',', map { 0 + ($conf->{scoreset}[$_]{$name} // 0) } 0 .. 3) . ']';
    print '{"name":', text($name), map({ ",\"$_\":$field{$_}" } sort keys %field), "}\n";
}
