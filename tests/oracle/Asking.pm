# Asks the real SpamAssassin about many mails: the arguments, its set-up and the processes that the scripts share.
#
# Rules only: no network, no Bayes, no reputation, no user preferences.
package Asking;
use strict;
use warnings;
use Exporter 'import';
use Mail::SpamAssassin;

our @EXPORT = qw(spamassassin octets quoted tell);

$ENV{LANG} = $ENV{LC_ALL} = $ENV{LANGUAGE} = 'C';
my ($rules, $site, $root, $jobs) = @ARGV;
die "usage: $0 RULES SITE ROOT [JOBS] < LIST\n" unless defined $root;

sub spamassassin {
    my $spamassassin = Mail::SpamAssassin->new({
        rules_filename => $rules, site_rules_filename => $site, userprefs_filename => '/dev/null',
        userstate_dir => $ENV{TMPDIR} // '/tmp', local_tests_only => 1, dont_copy_prefs => 1, require_rules => 1,
        post_config_text => "use_bayes 0\nuse_auto_welcomelist 0\n",
    });
    $spamassassin->init(0);
    return $spamassassin;
}

# A mail of ROOT as it reaches SpamAssassin on Unix.
sub octets {
    my ($path) = @_;
    open my $in, '<:raw', "$root/$path" or die "$root/$path: $!\n";
    my $octets = do { local $/; <$in> };
    close $in;
    $octets =~ s/\r\n/\n/g;
    return $octets;
}

# A JSON text; octets stand as characters.
sub quoted {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text) && $text =~ /[^\x00-\xff]/;
    $text =~ s/(["\\])/\\$1/g;
    $text =~ s/([^\x20-\x7e])/sprintf '\\u%04x', ord $1/ge;
    return "\"$text\"";
}

# Prints what $told says of every mail of LIST, and ends the script. Each process takes every JOBS-th mail and writes
# into a file of its own, which is read when it is done.
sub tell {
    my ($told) = @_;
    chomp(my @mails = <STDIN>);
    my $many = $jobs || 1;
    my @jobs;
    for my $job (0 .. $many - 1) {
        open my $file, '+>', undef or die "temporary file: $!\n";
        my $process = fork // die "fork: $!\n";
        if (!$process) {
            for (my $index = $job; $index < @mails; $index += $many) {
                print {$file} $told->($mails[$index]);
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
}

1;
