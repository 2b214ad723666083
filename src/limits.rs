//! Every bound the filter keeps, in one place, each with its unit and its reason.
//!
//! A limit that is hit is never silent: it is a 4xx or 552 reply, a defect, or a failed fact.

use std::time::Duration;

/// Octets of one message; RFC 5321 4.5.3.1.7 asks for 64 KiB at least, Postfix defaults to 10 MiB, schools ask for 50.
pub const MESSAGE_BYTES_MAX: usize = 50 << 20;
/// Octets of the header section; Postfix cuts at 100 KiB, Gmail refuses above 500 KB.
pub const HEAD_BYTES_MAX: usize = 512 << 10;
/// Header fields of one message; more are a defect and stay unread.
pub const FIELDS_MAX: usize = 4096;
/// Recipients of one mail; RFC 5321 4.5.3.1.8 asks for 100 at least.
pub const RECIPIENTS_MAX: usize = 1000;
/// Octets of an envelope address; RFC 5321 4.5.3.1.3 says 256, UTF-8 and sloppy clients need more.
pub const ADDRESS_BYTES_MAX: usize = 1024;
/// Octets of an identifier in the log line: names of symbols are the longest list.
pub const LOG_TOKEN_BYTES_MAX: usize = 16 << 10;
/// Recipients whose pseudonyms the log line of a mail has; the others are counted.
pub const LOG_RECIPIENTS_MAX: usize = 50;
/// Octets of a mail kept in memory before the spool goes to an unlinked file.
pub const SPOOL_MEMORY_BYTES_MAX: usize = 128 << 10;
/// Mails no larger than `SPOOL_MEMORY_BYTES_MAX` that are judged (and wait for answers) at once.
pub const SMALL_JUDGES_MAX: usize = 256;
/// Octets of larger mails that are held whole at once; a mail above it is judged alone.
pub const JUDGED_BYTES_MAX: usize = 64 << 20;
/// Age from which a mail that was not stored wholly is swept from the quarantine: nothing takes so long to write.
pub const QUARANTINE_DRAFT_MAX: Duration = Duration::from_hours(1);
/// How often a server sweeps its quarantine: old mail may stay that much longer, and its series are that old.
pub const QUARANTINE_SWEEP_SECONDS: Duration = Duration::from_secs(60);
/// Octets found inside all mails that are held for the virus scanner at once.
pub const FOUND_BYTES_MAX: usize = 256 << 20;
/// Longest a mail waits for room to hold what was found in it; then it is deferred.
pub const FOUND_SECONDS_MAX: Duration = Duration::from_secs(5);
/// Memory that reading and judging one mail takes at its peak, in octets for each octet of it: the mail, its decoded
/// parts and their copies (`tests/memory`).
pub const MAIL_MEMORY_FACTOR: usize = 4;
/// The same, whatever its size: what unpacking keeps, one member while it grows, and a decoder's dictionary.
pub const MAIL_MEMORY_BYTES_MAX: usize = 240 << 20;
/// MIME parts of one message, nested ones included.
pub const PARTS_MAX: usize = 1000;
/// Depth of nested multiparts and messages.
pub const MIME_DEPTH_MAX: usize = 32;
/// Encoded messages inside encoded messages (each is decoded into memory).
pub const ENCODED_NESTING_MAX: usize = 3;
/// Depth of multiparts and messages that SpamAssassin's reading of a message follows, as there.
pub const CLASSIC_MIME_DEPTH_MAX: usize = 20;
/// Open elements whose style is followed on a page; real pages nest some dozen deep.
pub const CLASSIC_STYLES_MAX: usize = 5000;
/// References of one page, and URIs of one mail, that rules over URIs see; newsletters have some hundred.
pub const CLASSIC_URIS_MAX: usize = 5000;
/// Redirections followed inside one URI; each is a URI of its own.
pub const CLASSIC_REDIRECTS_MAX: usize = 32;
/// Steps of an expression that backtracks, on one header field or fact of SpamAssassin's.
pub const CLASSIC_STEPS_MAX: usize = 100_000;
/// Mailboxes read from one header field for SpamAssassin's rules; RFC 5321 lets a mail have a thousand recipients.
pub const CLASSIC_MAILBOXES_MAX: usize = 2000;
/// Received fields read for SpamAssassin's rules; MTAs refuse a mail after 50 to 100 hops.
pub const CLASSIC_RELAYS_MAX: usize = 200;
/// Octets of decoded text that links and words are looked for in, over all parts of a mail.
pub const TEXT_BYTES_MAX: usize = 4 << 20;
/// Links reported for one mail.
pub const LINKS_MAX: usize = 500;
/// Octets a link may have; longer ones are cut and are a defect.
pub const LINK_BYTES_MAX: usize = 4096;
/// Octets kept of the text that a page shows for a link: more than any label or address has.
pub const LINK_TEXT_BYTES_MAX: usize = 256;
/// Open elements of a page that are followed; browsers stop at 512, newsletters reach 60.
pub const PAGE_DEPTH_MAX: usize = 256;
/// Open elements looked at for one that a start tag closes by itself, such as the cell before.
pub const PAGE_LOOK_BACK_MAX: usize = 64;
/// `<html>` and `<body>` tags that count; forwarded mails bring their own.
pub const PAGE_ROOTS_MAX: usize = 8;
/// Names with style rules in one page, of tags, classes and identifiers each.
pub const PAGE_RULES_MAX: usize = 2000;
/// Style rules with several conditions in one page: each is tried on each element.
pub const PAGE_COMPOUND_RULES_MAX: usize = 64;
/// Elements named by one selector.
pub const PAGE_SELECTOR_WORDS_MAX: usize = 4;
/// Classes of one element that are looked up.
pub const PAGE_CLASSES_MAX: usize = 16;
/// Places to click that are kept of one page.
pub const PAGE_ANCHORS_MAX: usize = 1000;
/// Texts of pictures that are kept of one page.
pub const PAGE_ALTS_MAX: usize = 200;
/// Octets kept of a class list, an identifier or the text of a picture.
pub const PAGE_ATTRIBUTE_BYTES_MAX: usize = 512;
/// Octets kept of each piece of a page's title.
pub const PAGE_TITLE_BYTES_MAX: usize = 1024;
/// Parts that readings beside the main one may add to a mail.
pub const READINGS_MAX: usize = 200;
/// Octets that readings beside the main one may look at and decode, for each octet of the mail.
pub const READINGS_WORK_FACTOR: usize = 6;
/// Octets that readings beside the main one may look at and decode in all: some seconds at worst.
pub const READINGS_WORK_MAX: usize = 192 << 20;
/// Encodings inside encodings that readings beside the main one follow.
pub const READINGS_DEPTH_MAX: usize = 6;
/// Header blocks of entities that readings beside the main one look at.
pub const READINGS_BLOCKS_MAX: usize = 3000;
/// Files that stand encoded in one text.
pub const ENCODED_FILES_MAX: usize = 100;
/// Attachments read from one TNEF file, nested ones included.
pub const TNEF_FILES_MAX: usize = 200;
/// Messages inside messages of a TNEF file.
pub const TNEF_DEPTH_MAX: usize = 8;
/// Properties read from one table of a TNEF file; Outlook writes some hundred.
pub const TNEF_PROPERTIES_MAX: usize = 4096;
/// Octets of one header field that are read as text: a subject or a parameter list is shorter by far.
pub const FIELD_TEXT_BYTES_MAX: usize = 16 << 10;
/// Parameters read from one Content-Type or Content-Disposition.
pub const PARAMETERS_MAX: usize = 200;
/// Readings of one file name.
pub const NAMES_MAX: usize = 16;
/// Octets of a file name; file systems take 255 characters.
pub const NAME_BYTES_MAX: usize = 1024;
/// Octets that come out of all archives and documents of one mail: they are held in memory while they are looked at.
pub const UNPACKED_BYTES_MAX: usize = 192 << 20;
/// Octets of one file inside an archive.
pub const MEMBER_BYTES_MAX: usize = 96 << 20;
/// Files inside all archives and documents of one mail; an office document has some dozen.
pub const UNPACKED_MEMBERS_MAX: usize = 10_000;
/// Containers inside containers; real mail has up to four.
pub const UNPACK_DEPTH_MAX: usize = 16;
/// Times its own size that a container may become; text packs up to 20 times, deflate gives 1032 at most.
pub const UNPACK_RATIO_MAX: usize = 250;
/// Octets inflated, or as much work by slower decoders, for one mail: about a second.
pub const UNPACK_WORK_MAX: usize = 512 << 20;
/// Octets of files inside archives that are kept for the virus scanner.
pub const UNPACKED_KEPT_BYTES_MAX: usize = 64 << 20;
/// Memory that a decoder may ask for its dictionary, in KiB; `xz -9` asks for 64 MiB.
pub const DICTIONARY_KIB_MAX: u32 = (64 << 10) + 512;
/// Words of a mail that are tried as passwords of its archives.
pub const PASSWORDS_MAX: usize = 30;
/// Tries of passwords that cost up to a millisecond each.
pub const PASSWORD_TRIES_MAX: usize = 500;
/// Tries of passwords that cost up to a tenth of a second each, as 7z and RAR want it.
pub const PASSWORD_SLOW_TRIES_MAX: usize = 10;
/// Tries of lent private keys on the recipients of one mail's envelopes: each costs up to some milliseconds.
pub const LENT_TRIES_MAX: usize = 64;
/// Files of a folder of lent keys: one for each mailbox that lends, and the ones they replaced.
pub const LENT_FILES_MAX: usize = 200;
/// Pixels of all pictures of one mail that are looked at for QR codes.
pub const PICTURE_PIXELS_MAX: usize = 16_000_000;
/// Octets of text that a document shows, kept for links and words.
pub const DOCUMENT_TEXT_BYTES_MAX: usize = 256 << 10;
/// Addresses read from the author fields of one mail.
pub const AUTHORS_MAX: usize = 64;

/// Answers of the virus scanner that are remembered, by digest: about 150 octets each.
pub const INSPECTED_MAX: usize = 100_000;
/// How long the version of its signatures is taken for granted.
pub const SCANNER_VERSION_LASTS: Duration = Duration::from_secs(30);
/// Parts that the virus scanner is shown besides the message; more of them are a gap in the coverage.
pub const INNER_SCANS_MAX: usize = 100;
/// Questions asked for one mail; above that further ones are answered `Failed(OverBudget)`.
pub const QUESTIONS_MAX: usize = 200;
/// Rounds between judge and world for one mail.
pub const ROUNDS_MAX: usize = 40;
/// DNS lookups of one SPF evaluation (RFC 7208 4.6.4).
pub const SPF_LOOKUPS_MAX: usize = 10;
/// Lookups of one SPF evaluation that may find nothing (RFC 7208 4.6.4).
pub const SPF_VOID_LOOKUPS_MAX: usize = 2;
/// DKIM signatures looked at, malformed ones counted too: each costs a key lookup and a verification.
pub const SIGNATURES_MAX: usize = 10;
/// Key records tried at one name; RFC 6376 3.6.2.2 allows one.
pub const KEYS_MAX: usize = 4;
/// Tags of one signature, key or policy record; the standards know 13.
pub const TAGS_MAX: usize = 64;
/// ARC sets (RFC 8617 4.2.1).
pub const ARC_SETS_MAX: usize = 50;

/// Seconds from the end of the message to the verdict; under Postfix's milter_content_timeout of 300.
pub const MAIL_SECONDS_MAX: Duration = Duration::from_secs(60);
/// Seconds one DNS question may take.
pub const DNS_SECONDS_MAX: Duration = Duration::from_secs(10);
/// Seconds the virus scanner is waited for when a mail holds more than our own bounds on archives let us unpack: it has
/// the same work before it, and such a mail is not delivered in any case.
pub const SCAN_BEYOND_BOUNDS_SECONDS_MAX: Duration = Duration::from_secs(5);
/// Seconds the virus scanner may take after the last byte.
pub const SCAN_SECONDS_MAX: Duration = Duration::from_secs(45);
/// Octets of a reply of the virus scanner; a real one has a signature name of some dozen.
pub const SCAN_REPLY_BYTES_MAX: usize = 4096;
/// Octets kept of the name of a virus signature.
pub const SIGNATURE_NAME_BYTES_MAX: usize = 128;
/// The pause before the one retry to connect to the virus scanner.
pub const SCAN_RETRY_AFTER: Duration = Duration::from_millis(100);
/// Seconds a peer may be silent; RFC 5321 4.5.3.2.7 asks for five minutes at least.
pub const IDLE_SECONDS_MAX: Duration = Duration::from_secs(300);
/// Seconds a milter connection may be silent between mails: Postfix keeps them open for its smtpd's life.
pub const MILTER_IDLE_SECONDS_MAX: Duration = Duration::from_secs(7210);
/// Seconds a drain waits for mails under way.
pub const DRAIN_SECONDS_MAX: Duration = Duration::from_secs(60);

/// Connections of all doors; an idle milter connection costs a few KiB.
pub const CONNECTIONS_MAX: usize = 20_000;
/// Mails being received at once over all connections: bounds the spools.
pub const MAILS_MAX: usize = 2_000;
/// Octets of one milter packet; Postfix sends 64 KiB, Sendmail offers 1 MiB.
pub const MILTER_PACKET_BYTES_MAX: usize = (1 << 20) + 1;
/// Macros in one milter packet; Postfix and Sendmail send about a dozen.
pub const MILTER_MACROS_MAX: usize = 256;
/// Address and parameters of one milter MAIL or RCPT packet; RFC 5321 and its extensions know about ten.
pub const MILTER_ARGUMENTS_MAX: usize = 64;
/// Octets kept of a macro, a host name or an address from the MTA; more than SMTP lines may have (RFC 5321 4.5.3.1.4).
pub const MILTER_TEXT_BYTES_MAX: usize = 4096;
/// Seconds between two signs of life to the MTA while a verdict takes long; its patience may be as short as 30 s.
pub const MILTER_PROGRESS_SECONDS: Duration = Duration::from_secs(10);
/// Seconds a milter connection may be silent within a mail; the MTA itself waits 300 s for its client.
pub const MILTER_MAIL_IDLE_SECONDS_MAX: Duration = Duration::from_secs(610);
/// Octets of one LMTP command line.
pub const LINE_BYTES_MAX: usize = 4096;
/// Octets of a longer LMTP line that are thrown away, waiting for its end, before the session is closed.
pub const LONG_LINE_BYTES_MAX: usize = 1 << 20;
/// LMTP lines that are no command, between two mails; Postfix closes after 20 errors too (smtpd_hard_error_limit).
pub const JUNK_LINES_MAX: usize = 20;
/// Octets swallowed of one LMTP mail after it was refused; a client that still sends gets 421.
pub const SWALLOWED_BYTES_MAX: u64 = 1 << 30;
/// Octets of replies held back for pipelining before they are written.
pub const REPLIES_HELD_BYTES_MAX: usize = 16 << 10;
/// Octets of one reply line; RFC 5321 4.5.3.1.5 says 512 with CRLF.
pub const REPLY_LINE_BYTES_MAX: usize = 510;
/// Domains of one mail whose history is asked of the store: a mail may claim many authors.
pub const PARTNERS_ASKED_MAX: usize = 4;
/// Notes for the store that wait to be written; more of them within a second are lost.
pub const NOTES_MAX: usize = 10_000;
/// Octets of the link in a refusal: with sentence and reference it stays one reply line.
pub const REPLY_LINK_BYTES_MAX: usize = 200;
/// Octets read at once from an LMTP client that sends a message.
pub const CONTENT_READ_BYTES_MAX: usize = 64 << 10;
/// Seconds a client gets to read our last reply after we hung up.
pub const LINGER_SECONDS_MAX: Duration = Duration::from_secs(2);
/// Connections kept to the mailstore.
pub const MAILSTORE_CONNECTIONS_MAX: usize = 32;
/// Seconds the mailstore may take to answer the final dot (Postfix: lmtp_data_done_timeout = 600).
pub const MAILSTORE_SECONDS_MAX: Duration = Duration::from_secs(300);
/// Seconds to reach the mailstore: connection, TLS and greeting each.
pub const MAILSTORE_CONNECT_SECONDS_MAX: Duration = Duration::from_secs(30);
/// Seconds the mailstore may take to answer a command, or to take 256 KiB.
pub const MAILSTORE_REPLY_SECONDS_MAX: Duration = Duration::from_secs(60);
/// Seconds from the verdict to the final dot, waiting for a connection included. With the verdict before it and the
/// final answer after it this stays under Postfix's lmtp_data_done_timeout of 600.
pub const MAILSTORE_SENDING_SECONDS_MAX: Duration = Duration::from_secs(180);
/// Seconds an unused connection to the mailstore is kept; Dovecot closes it after five minutes.
pub const MAILSTORE_IDLE_SECONDS_MAX: Duration = Duration::from_secs(30);
/// Lines of one reply of the mailstore; EHLO answers have about 15.
pub const MAILSTORE_REPLY_LINES_MAX: usize = 100;
/// Octets of one reply of the mailstore.
pub const MAILSTORE_REPLY_BYTES_MAX: usize = 16 << 10;
/// Octets of a mailstore's reply text that are told to the MTA (RFC 5321 4.5.3.1.5: 512 for the line).
pub const MAILSTORE_REPLY_TEXT_BYTES_MAX: usize = 400;
/// Octets of commands sent before their replies are read; both fit the smallest socket buffers (RFC 2920 3.1).
pub const MAILSTORE_PIPELINE_BYTES_MAX: usize = 8 << 10;
/// Maildir folders remembered as made and synced; each costs its path.
pub const MAILDIRS_KNOWN_MAX: usize = 50_000;
/// Copies of one mail written into Maildirs at once: bounds memory and open files of a mail with many recipients.
pub const MAILDIR_COPIES_AT_ONCE_MAX: usize = 4;
/// Octets of a mailbox's folder name before it is cut; file systems take 255.
pub const MAILBOX_NAME_BYTES_MAX: usize = 200;
/// Characters of the host in a Maildir file name; a domain label has 63, file systems take 255 octets for the whole.
pub const MAILDIR_HOST_CHARS_MAX: usize = 40;
/// DNS answers cached.
/// Scans at once; clamd has ten threads by default (MaxThreads), more wait in its queue.
pub const CLAMD_CONNECTIONS_MAX: usize = 10;
/// DNS answers cached.
pub const DNS_CACHE_ENTRIES_MAX: usize = 100_000;
/// Octets the cached DNS answers may take in memory.
pub const DNS_CACHE_BYTES_MAX: u64 = 32 << 20;
/// The longest that a DNS answer is told again, whatever its record says.
pub const DNS_ANSWER_LASTS_MAX: Duration = Duration::from_secs(3600);
/// The shortest that a DNS answer is told again: the questions of one mail see one world.
pub const DNS_ANSWER_LASTS_MIN: Duration = Duration::from_secs(1);
/// How long "there is none" is told again where no SOA says (RFC 2308 asks not to guess high).
pub const DNS_NEGATIVE_LASTS: Duration = Duration::from_secs(30);
/// How long a failure to answer is told again; RFC 9520 section 3.2 asks for 1 second at least, 5 minutes at most.
pub const DNS_FAILURE_LASTS: Duration = Duration::from_secs(3);
/// Questions in a row that no name server took before DNS counts as down; one may be the fault of its domain.
pub const DNS_SILENCES_MAX: u32 = 3;
/// Aliases (CNAME) followed for one question; resolvers follow 8 to 17.
pub const DNS_ALIASES_MAX: usize = 16;
/// Octets of one DNS record: its length is a 16-bit number (RFC 1035 3.2.1).
pub const DNS_RECORD_BYTES_MAX: usize = 65_535;
/// DNS queries in flight: each UDP query is a socket.
pub const DNS_IN_FLIGHT_MAX: usize = 1_000;
/// Faults of a zone file shown at once; more than a screen of them helps nobody.
pub const ZONE_FAULTS_MAX: usize = 100;
/// Errors of one configuration, rule or case file shown at once; each place costs a look at its line.
pub const FILE_ERRORS_MAX: usize = 100;
/// Octets of one configuration, zone or rule file.
pub const CONFIG_BYTES_MAX: usize = 64 << 20;
/// Cases kept of mails that a check panicked on: enough to mend it, not a second mailbox.
pub const FAULT_CASES_MAX: usize = 100;
/// Age from which such a case is deleted: who has not mended it by then has forgotten it.
pub const FAULT_CASE_SECONDS_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Days that `wehr audit` lets readable mail and its keys be kept without a finding: a quarter of a year.
pub const AUDIT_DAYS_MAX: u64 = 90;
/// Days before its end from which `wehr audit` tells of a certificate.
pub const AUDIT_CERTIFICATE_DAYS: i64 = 21;
/// Files open beside the connections of the doors: spools, mailstore, scanner, name servers, log.
pub const OTHER_FILES_MAX: usize = 4_096;

/// Files that include each other while rules of SpamAssassin are imported.
pub const IMPORT_INCLUDES_MAX: usize = 16;
/// Characters of a rule's name in SpamAssassin's files, as its parser has it.
pub const RULE_NAME_CHARACTERS_MAX: usize = 100;
/// Tokens of an imported arithmetic rule; the longest stock one has 700.
pub const IMPORT_TOKENS_MAX: usize = 4096;
/// Nested parentheses and signs of an imported arithmetic rule; written out they nest at most twice as deep.
pub const IMPORT_NESTING_MAX: usize = 32;
/// Octets of one rule's condition; sub-rules split longer ones.
pub const CONDITION_BYTES_MAX: usize = 512 << 10;
/// Levels of parentheses in a condition: reading it calls itself.
pub const CONDITION_DEPTH_MAX: usize = 64;
/// Octets of a symbol's name: it goes into a header field.
pub const SYMBOL_BYTES_MAX: usize = 64;
/// Matches of one pattern that count, where each counts.
pub const RULE_HITS_MAX: usize = 100_000;
/// Octets of one rule file or list.
pub const RULE_FILE_BYTES_MAX: usize = 32 << 20;
/// Octets of a compiled rule file.
pub const RULES_COMPILED_BYTES_MAX: usize = 256 << 20;
/// Octets of one regular expression; SpamAssassin's largest has 224 KB after its tags are put in.
pub const PATTERN_BYTES_MAX: usize = 512 << 10;
/// Groups inside groups of one regular expression: reading it takes a stack frame each.
pub const PATTERN_DEPTH_MAX: usize = 100;
/// A count in a regular expression; Perl's own bound.
pub const PATTERN_REPEATS_MAX: u32 = 65_534;
/// Places of one regular expression when its counts are written out: memory and time to compile grow with them.
pub const PATTERN_PLACES_MAX: u64 = 200_000;
/// Octets of the automaton of one regular expression before it is made deterministic.
pub const PATTERN_NFA_BYTES_MAX: usize = 64 << 20;
/// Instructions of the program of a pattern that needs backtracking.
pub const PATTERN_PROGRAM_MAX: usize = 200_000;
/// Steps back that a bounded pattern may take over one segment; about a millisecond.
pub const PATTERN_STEPS_MAX: usize = 100_000;
/// Octets of a segment in which a bounded pattern is looked for: one step back may read all of them again.
pub const BOUNDED_BYTES_MAX: usize = 16 << 10;
/// Octets times octets of all segments that bounded patterns run over in one scan: a few seconds at the very worst.
pub const BOUNDED_WORK_MAX: u64 = 1 << 33;
/// Steps of one search for a bounded pattern in pieces, for each octet that it may begin at; then backtracking decides.
pub const COURSE_STEPS_PER_OCTET: usize = 64;
/// Steps of one search for a bounded pattern in pieces however few the octets are.
pub const COURSE_STEPS_LEAST: usize = 1 << 14;
/// Octets of the cache of one pattern's lazy automaton, for each thread that uses it.
pub const PATTERN_CACHE_BYTES_MAX: usize = 2 << 20;
/// How often rule files and lists are looked at; a change counts when it has stood for one look.
pub const RULES_WATCH_SECONDS: Duration = Duration::from_secs(5);
/// Octets of the automata that one matcher grows while it is used; then they are begun anew.
pub const AUTOMATA_BYTES_MAX: usize = 160 << 20;
/// Octets that the automata of one field may take however few its patterns are.
pub const AUTOMATA_BYTES_LEAST: usize = 8 << 20;
/// Octets more for each pattern on a field: the 622 body rules of SpamAssassin's stock take 48 MiB.
pub const AUTOMATA_PATTERN_BYTES: usize = 128 << 10;
/// Steps of verifying one pattern in one segment, above four for each octet; then one plain search decides.
pub const VERIFIER_STEPS_MIN: usize = 256;
/// Pairs of symbols that a replay counts together: those of a thousand symbols, in 40 MiB; later pairs are left out.
pub const REPLAY_PAIRS_MAX: usize = 1_000_000;
/// Mails that the report of a replay lists as flipped, and errors: more than anybody reads.
pub const REPLAY_LISTED_MAX: usize = 1000;
/// Mails that a replay reads ahead as one batch; it holds three at most.
pub const REPLAY_BATCH_MAILS_MAX: usize = 256;
/// Octets of mails in such a batch; one mail more may lie above it.
pub const REPLAY_BATCH_BYTES_MAX: usize = 8 << 20;
/// Octets of the dictionary of an archive of mails: `zstd --long=27`.
pub const REPLAY_WINDOW_BYTES_MAX: u64 = 128 << 20;
/// Octets of a line of an earlier report: a mail with a thousand symbols has 100 KB.
pub const REPLAY_LINE_BYTES_MAX: u64 = 64 << 20;

/// Mails of one row group of a Parquet file: they are held until it is written, some KB each.
#[cfg(feature = "parquet")]
pub const PARQUET_GROUP_ROWS: usize = 8192;
/// Sub-rules inside sub-rules whose conditions are told: a reader is lost before.
pub const WHY_DEPTH_MAX: usize = 4;
/// Octets of a mail that is recorded: larger ones fill the folder with one attachment.
pub const RECORD_MESSAGE_BYTES_MAX: usize = 8 << 20;
/// Mails that wait to be recorded; with the bound above 64 MiB at the very most. Later ones are not recorded.
pub const RECORD_QUEUE_MAX: usize = 8;
/// Recorded cases in one folder, each a folder of three files.
pub const RECORD_CASES_MAX: usize = 100_000;
/// Different mails (by label, fold and symbols) that scores are fitted to: some 300 octets each. Later ones are told and left out.
pub const TUNE_SAMPLES_MAX: usize = 1_000_000;
/// Folds of tuning: each is a fit.
pub const TUNE_FOLDS_MAX: u32 = 50;

/// Mails of a class that are learned together, several times over: their vectors are held, some 20 KB each.
pub const LEARNED_AT_ONCE_MAX: usize = 4096;

/// Octets of shown text whose words are marks: a vector of some thousand marks, a mail's first pages.
pub const LEARNED_WORD_BYTES_MAX: usize = 16 << 10;
/// Octets of shown text whose groups of letters are marks: each octet is one.
pub const LEARNED_GRAM_BYTES_MAX: usize = 4 << 10;
/// Octets of the oldest Received field that are marks of a mail, and words of it.
pub const LEARNED_RELAY_BYTES_MAX: usize = 400;
pub const LEARNED_RELAY_WORDS_MAX: usize = 24;
/// Octets of a time zone that are a mark.
pub const LEARNED_ZONE_BYTES_MAX: usize = 8;
/// Octets of hidden text that are marks: it is there to drown the rest.
pub const LEARNED_HIDDEN_BYTES_MAX: usize = 2000;
/// Octets of the subject that are marks; longer ones are not read by people.
pub const LEARNED_SUBJECT_BYTES_MAX: usize = 500;
/// Octets of a link that are marks; behind them stand tokens that never come again.
pub const LEARNED_URL_BYTES_MAX: usize = 200;
/// Words of a link that are marks, for the same reason.
pub const LEARNED_URL_WORDS_MAX: usize = 12;
/// Links that are marks: newsletters have hundreds.
pub const LEARNED_LINKS_MAX: usize = 64;
/// Parts that are marks.
pub const LEARNED_PARTS_MAX: usize = 20;
/// Header fields that are marks.
pub const LEARNED_FIELDS_MAX: usize = 100;
/// Octets of a field's value that are marks; longer ones hold keys and lists.
pub const LEARNED_VALUE_BYTES_MAX: usize = 300;
/// Words of a field's value that are marks.
pub const LEARNED_VALUE_WORDS_MAX: usize = 30;
/// Octets of a field's name that are a mark.
pub const LEARNED_NAME_BYTES_MAX: usize = 64;
/// Characters of the form of a word or number.
pub const LEARNED_FORM_CHARACTERS_MAX: usize = 100;
/// Octets of a model's settings; a longer header section is no model's.
pub const LEARNED_HEAD_BYTES_MAX: usize = 512;
/// Passes over the same mails: more than anybody wants.
pub const LEARNED_PASSES_MAX: u32 = 100;

/// Marks whose say is told with a learned opinion.
pub const VOICES_MAX: usize = 10;

/// Octets that sealing a mail takes for each of its own: the content, the envelope around it, its base64, the reading.
pub const SEAL_MEMORY_FACTOR: usize = 4;
/// Octets of a file with a recipient's key; a certificate with a photo and hundreds of signatures stays below.
pub const KEY_FILE_BYTES_MAX: usize = 1 << 20;
/// Files of the folder of recipients' keys; each is held in memory, and all are read again when one changes.
pub const KEY_FILES_MAX: usize = 50_000;
/// Octets that a directory may answer with for one recipient: a key with a photo; its signatures are verified in a second.
pub const KEY_ANSWER_BYTES_MAX: usize = 256 << 10;
/// Octets of the head of a web server's answer.
pub const KEY_HEAD_BYTES_MAX: usize = 32 << 10;
/// Keys of one answer that are looked at: a directory may hold the old one beside the new.
pub const KEYS_IN_ANSWER_MAX: usize = 16;
/// Entries of an LDAP directory with one address that are told.
pub const KEY_ENTRIES_MAX: u8 = 4;
/// Addresses of one host that are tried.
pub const KEY_ADDRESSES_MAX: usize = 4;
/// Seconds until a host has taken a connection; the next address is tried then.
pub const KEY_CONNECT_SECONDS_MAX: Duration = Duration::from_secs(2);
/// Seconds one directory may take to tell of a key: it is asked when the recipient is named, so most of them pass while
/// the mail arrives.
pub const KEY_SECONDS_MAX: Duration = Duration::from_secs(5);
/// Directories asked at one moment, by all mails; further ones wait within their seconds.
pub const KEY_LOOKUPS_MAX: usize = 16;
/// Answers of directories that are remembered, some hundred octets each.
pub const KEYS_KNOWN_MAX: usize = 10_000;
/// How long a key counts that a directory told; a revoked one is used for so long at most.
pub const KEY_FOUND_SECONDS: Duration = Duration::from_secs(3600);
/// How long it counts that there is none.
pub const KEY_ABSENT_SECONDS: Duration = Duration::from_secs(900);
/// How long a directory that did not answer is left alone about one recipient; a sender's server tries again later.
pub const KEY_FAILED_SECONDS: Duration = Duration::from_secs(60);
/// Items inside items of BER: what clients write has about a dozen, and reading takes a stack frame each.
pub const ASN1_DEPTH_MAX: usize = 32;
/// Signers of one mail that are looked at: each costs a signature and a path of certificates, about a millisecond.
pub const SIGNERS_MAX: usize = 8;
/// Certificates that a signed mail brings along and that are looked at: paths are searched among them.
pub const SIGNER_CERTIFICATES_MAX: usize = 16;
/// Octets of a detached signature: certificates and lists of revocations come along.
pub const SIGNATURE_BYTES_MAX: usize = 1 << 20;
/// Octets of one file of certificates or keys whose signatures are trusted.
pub const TRUST_FILE_BYTES_MAX: u64 = 16 << 20;
/// Files of the folder of keys whose signatures are trusted.
pub const TRUST_FILES_MAX: usize = 20_000;
/// Seconds that a signer's clock may be ahead of ours.
pub const SIGNER_CLOCK_SECONDS: i64 = 24 * 60 * 60;

/// Connections to a shared store: one slow answer holds one of them.
pub const STORE_CONNECTIONS_MAX: usize = 8;
/// Seconds that an answer of the scanner about octets is kept in the store: its signatures change about daily.
pub const SCAN_KEPT_SECONDS: i64 = 24 * 60 * 60;
/// Notes in a second from which the store's file stays open: opening it again costs every question time.
pub const STORE_BUSY_NOTES: usize = 200;
/// How often a busy store's file is closed all the same, so that an operator's verb gets it.
pub const STORE_RESTS_EVERY: Duration = Duration::from_secs(10);
/// How often entries that have expired are cleared out of the store's file.
pub const STORE_SWEPT_EVERY: Duration = Duration::from_secs(600);
/// Expired entries from which the store's file is made smaller after clearing.
pub const STORE_COMPACTED_FROM: usize = 10_000;
/// Seconds that MAIL waits for the store to say whether the sender is known; then it is a stranger.
pub const STANDING_SECONDS_MAX: Duration = Duration::from_millis(500);
/// Seconds that a stranger's mail waits to be judged; then the sender tries again, as mail servers do.
pub const STRANGER_SECONDS_MAX: Duration = Duration::from_secs(20);
/// Entries of one kind that a listing of a shared store gives: some hundred octets each, for an operator's verb.
pub const STORE_LISTED_MAX: usize = 1_000_000;
/// Seconds that RCPT and header wait for what greylisting asks; later it is decided at the end.
pub const EARLY_SECONDS_MAX: Duration = Duration::from_secs(4);
/// Recipients of a mail whose ways and counters are asked: each is a question to the store.
pub const REMEMBERED_RECIPIENTS_MAX: usize = 8;
/// Words of a mail that its shape is made of: some pages.
pub const SHAPE_WORDS_MAX: usize = 4_000;
/// Attached files of a mail that give its shape a mark.
pub const SHAPE_FILES_MAX: usize = 2;
/// Copies kept of one mark of a shape, 27 octets each: the first half stays, the second slides.
pub const SHAPE_COPIES_MAX: usize = 1024;
/// Recipients that a campaign can be configured to begin at: as many copies slide at least.
pub const CAMPAIGN_RECIPIENTS_MAX: u32 = 500;
/// Marks by which a campaign is known: its mails differ, and each may bring new ones.
pub const CAMPAIGN_MARKS_MAX: usize = 256;
/// Recipients of one mail that are counted for its shape: each is a record under every mark.
pub const SHAPE_RECIPIENTS_MAX: usize = 64;
/// Lists in the DNS: each is three questions a mail at least.
pub const DNS_LISTS_MAX: usize = 16;
/// Domains of a mail that a list is asked for; further ones are left out, the first in the alphabet count.
pub const DNS_LIST_DOMAINS_MAX: usize = 8;
/// Octets of shown text in which a one-time code is looked for: such mails are short.
pub const CODE_LOOKED_BYTES_MAX: usize = 4 << 10;
/// Connections of all HTTP and spamd doors that only ask, each: their clients are the few mail servers of a house.
pub const TRIAL_CONNECTIONS_MAX: usize = 256;
/// Octets of a mail in which its client and envelope are looked for when nobody tells them; held before a mail has its permit.
pub const TRIAL_TRACE_BYTES_MAX: usize = 64 << 10;
/// Octets of the head of an HTTP request; a thousand recipients of a hundred octets stay below.
pub const HTTP_HEAD_BYTES_MAX: usize = 128 << 10;
/// Fields of an HTTP request: one for each recipient, and those of the protocol.
pub const HTTP_FIELDS_MAX: usize = RECIPIENTS_MAX + 100;
/// Longest that the head of an HTTP request takes to come; an idle connection is closed after it, too.
pub const HTTP_HEAD_SECONDS_MAX: Duration = Duration::from_secs(30);
/// Longest that a mail takes to come over HTTP or spamd: as long as an MTA waits for a content filter.
pub const TRIAL_BODY_SECONDS_MAX: Duration = Duration::from_secs(300);
/// Longest that an answer takes to be read by who asked.
pub const TRIAL_ANSWER_SECONDS_MAX: Duration = Duration::from_secs(60);
/// Octets of a line of a spamd request; clients send some dozen.
pub const SPAMD_LINE_BYTES_MAX: usize = 2048;
/// Header lines of a spamd request; the protocol knows seven.
pub const SPAMD_LINES_MAX: usize = 32;
/// Verdicts kept in memory for the admin API; with the two bounds below at most some dozen MiB.
pub const HISTORY_VERDICTS_MAX: usize = 500;
/// Findings, facts and recipients of each kept verdict.
pub const HISTORY_LINES_MAX: usize = 64;
/// Characters of each text of a kept verdict.
pub const HISTORY_TEXT_CHARACTERS_MAX: usize = 300;
/// Connections of the admin API.
pub const ADMIN_CONNECTIONS_MAX: usize = 64;
/// How late a wrong token is answered: 64 guesses a second over all connections, of 2^256.
pub const ADMIN_DELAY_SECONDS: Duration = Duration::from_secs(1);
/// Octets of the file of tokens.
pub const ADMIN_TOKENS_BYTES_MAX: u64 = 256 << 10;
/// Mails that one digest lists; the page shows the others.
pub const DIGEST_MAILS_MAX: usize = 100;
/// Characters of a subject or sender in a digest and on its page: two lines of a screen.
pub const DIGEST_TEXT_CHARACTERS_MAX: usize = 150;
/// How long after a failure digests are tried again.
pub const DIGEST_RETRY_SECONDS: Duration = Duration::from_secs(300);
/// Octets of the file of secrets that sign links: some dozens of them.
pub const LINK_SECRETS_BYTES_MAX: u64 = 16 << 10;
/// Octets of a link's token: an address of 254 octets, an id and its MAC need a third of it.
pub const LINK_TOKEN_BYTES_MAX: usize = 2048;
/// How long a page's buttons work after it was opened.
pub const MAILBOX_PAGE_SECONDS_MAX: Duration = Duration::from_hours(12);
/// Mails on a recipient's page, the newest.
pub const MAILBOX_MAILS_MAX: usize = 200;
/// Octets of a request's body: one token and a word.
pub const MAILBOX_BODY_BYTES_MAX: usize = 4096;
/// Connections of the page.
pub const MAILBOX_CONNECTIONS_MAX: usize = 64;
/// Requests that are answered at one moment: each may read every slip.
pub const MAILBOX_TURNS_MAX: usize = 2;
/// Requests of one recipient within `MAILBOX_WINDOW_SECONDS`.
pub const MAILBOX_REQUESTS_MAX: u32 = 60;
pub const MAILBOX_WINDOW_SECONDS: Duration = Duration::from_secs(60);
/// Mails that one recipient teaches the model within a day; beyond it they are released only.
pub const MAILBOX_LEARNED_MAX: u32 = 20;
/// Recipients whose requests are counted at one moment; the counts begin anew beyond it.
pub const MAILBOX_COUNTED_MAX: usize = 100_000;
/// The window of `MAILBOX_LEARNED_MAX`.
pub const MAILBOX_LESSONS_SECONDS: Duration = Duration::from_hours(24);
/// How long a recipient waits at most until their mail may be held whole, and then until the model has learned it.
pub const MAILBOX_RELEASE_SECONDS_MAX: Duration = Duration::from_secs(30);
/// How long a request's body takes to come.
pub const MAILBOX_BODY_SECONDS_MAX: Duration = Duration::from_secs(10);
/// How long a request to the bucket of a quarantine takes, its repetitions counted: below the time that an MTA waits.
pub const BUCKET_SECONDS_MAX: Duration = Duration::from_secs(30);
/// How long connecting to it takes.
pub const BUCKET_CONNECT_SECONDS_MAX: Duration = Duration::from_secs(5);
/// How often a request is repeated.
pub const BUCKET_RETRIES_MAX: usize = 2;
/// Octets of one part of a large object; S3 demands 5 MiB at least, and allows 10,000 of them.
pub const BUCKET_PART_BYTES: usize = 8 << 20;
/// Verdicts that wait for a slow reader of the live stream; the oldest are lost to it, and it is told how many.
pub const LIVE_VERDICTS_MAX: usize = 256;
/// Readers of the live stream: each keeps a connection of the admin API, of which there are 64.
pub const LIVE_READERS_MAX: usize = 16;
/// How often a silent stream shows that it lives: proxies hang up after a minute.
pub const LIVE_BEAT_SECONDS: Duration = Duration::from_secs(15);
/// Requests of the admin API that hold a mail, or look through the quarantine, at once; further ones wait.
pub const ADMIN_MAILS_MAX: usize = 2;
/// Octets of a JSON body of the admin API: a subject with all its addresses has a tenth of it.
pub const ADMIN_BODY_BYTES_MAX: usize = 64 << 10;
/// Mails of the quarantine in one answer: each costs three files and a decryption.
pub const QUARANTINE_LISTED_MAX: usize = 500;
/// Rules in one answer whose conditions are told with a verdict.
pub const WHY_NOT_MAX: usize = 8;
/// Subjects with a class of their own: a large city's pupils; held in memory, some hundred octets each.
pub const SUBJECTS_MAX: usize = 200_000;
/// Addresses of one subject.
pub const SUBJECT_ADDRESSES_MAX: usize = 32;
/// Octets of a subject's identifier: a UUID or a distinguished name's digest.
pub const SUBJECT_NAME_BYTES_MAX: usize = 128;
/// Octets of the file of subjects.
pub const SUBJECTS_BYTES_MAX: usize = 128 << 20;
