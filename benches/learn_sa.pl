# SpamAssassin's Bayes alone, for benches/learn.py: learn_sa.pl LIST online|batch HOME prints "label probability".
use strict;
use warnings;
use Mail::SpamAssassin;
use Mail::SpamAssassin::PerMsgStatus;

my ($list, $mode, $home) = @ARGV;
my $sa = Mail::SpamAssassin->new({
    local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null', home_dir_for_helpers => $home, userstate_dir => $home,
    config_text => "loadplugin Mail::SpamAssassin::Plugin::Bayes\nuse_bayes 1\nbayes_path $home/bayes\nbayes_min_ham_num 1\n"
        . "bayes_min_spam_num 1\nbayes_learn_to_journal 0\nbayes_auto_expire 0\nbayes_expiry_max_db_size 5000000\n" });
$sa->init(1);
$sa->init_learner({ learn_to_journal => 0, wait_for_lock => 1, caller_will_untie => 0 });
my ($bayes) = grep { ref($_) =~ /Plugin::Bayes/ } @{ $sa->{plugins}{plugins} };
open my $lines, '<', $list or die;
my @all = map { chomp; [split / /, $_, 2] } <$lines>;
my $half = int(@all / 2);
for my $at (0 .. $#all) {
    my ($label, $path) = @{ $all[$at] };
    open my $file, '<', $path or die;
    binmode $file;
    my $mail = $sa->parse(do { local $/; <$file> }, 1);
    if ($mode eq 'online' || $at >= $half) {
        my $status = Mail::SpamAssassin::PerMsgStatus->new($sa, $mail);
        $status->extract_message_metadata();
        my $probability = $bayes->scan($status, $mail);
        printf "%s %.12g\n", $label, $probability // 0.5;
        $status->finish();
    }
    $sa->learn($mail, undef, $label eq 'spam' ? 1 : 0, 0)->finish() if $mode eq 'online' || $at < $half;
    $mail->finish();
}
$sa->finish_learner();
