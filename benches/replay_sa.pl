# SpamAssassin over a list of mails in one process, as its mass-check does, for benches/replay.py: replay_sa.pl LIST
# prints mails and CPU seconds without the start.
use strict;
use warnings;
use Mail::SpamAssassin;

my ($list) = @ARGV;
my $sa = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null' });
$sa->init(1);
$sa->compile_now(0);
open my $lines, '<', $list or die;
chomp(my @paths = <$lines>);
my $cpu = sub { my ($user, $system) = times; $user + $system };
my $begun = $cpu->();
for my $path (@paths) {
    open my $file, '<', $path or die;
    binmode $file;
    my $mail = $sa->parse(do { local $/; <$file> }, 1);
    my $status = $sa->check($mail);
    $status->get_score();
    $status->finish();
    $mail->finish();
}
printf "%d %.3f\n", scalar @paths, $cpu->() - $begun;
