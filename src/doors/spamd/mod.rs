//! The spamd door: mails judged for clients of SpamAssassin's protocol (spamc, Exim ...); nothing is delivered.
//!
//! The protocol tells neither client nor envelope: they are guessed from the mail's trace fields. Whoever reaches the
//! socket may ask, so it belongs on loopback or behind a firewall.

pub mod answer;
pub mod session;

use self::session::{Command, Event, Fault, Session};
use super::{
    deliver::parcel::Parcel,
    desk::Desk,
    listener::Connection,
    reception::Concluded,
    spool::Spool,
    trial::{Bare, Circumstances, Trial},
};
use crate::{
    judge::policy::verdict::{Action, Reply},
    limits,
    mail::head::Head,
    telemetry::metrics::Door,
};
use bytes::BytesMut;
use std::{io, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

/// Octets read at once.
const READ_BYTES: usize = 16 << 10;

/// Serves one connection, which is one request.
pub async fn serve<S>(mut stream: S, desk: Arc<Desk>, connection: Connection)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(_permit) = connection.permit else { return };
    if let Err(error) = converse(&mut stream, &desk).await {
        tracing::debug!(%error, "spamd: connection ended");
    }
}

/// What a request came to.
enum Asked {
    Nothing,
    Pong,
    Fault(Fault),
    Mail(Command, Box<Trial>),
}

async fn converse<S>(stream: &mut S, desk: &Arc<Desk>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asked = timeout(limits::TRIAL_BODY_SECONDS_MAX, listen(stream, desk)).await??;
    let text = match asked {
        Asked::Nothing => return Ok(()),
        Asked::Pong => "SPAMD/1.5 0 PONG\r\n".to_owned(),
        Asked::Fault(fault) => {
            desk.metrics().protocol_error(Door::Spamd);
            answer::trouble(fault.code(), fault.word(), &fault.to_string())
        }
        Asked::Mail(command, trial) => match trial.conclude().await {
            Err(reply) => refusal(&reply),
            // Yes and no cannot say it, and no is what nobody has found out.
            Ok((concluded, _)) if concluded.verdict.for_message().action == Action::Defer => {
                let text = refusal(&concluded.verdict.for_message().reply);
                concluded.close();
                text
            }
            Ok((concluded, lines)) => {
                return timeout(limits::TRIAL_ANSWER_SECONDS_MAX, tell(stream, command, concluded, lines.are_bare()))
                    .await?;
            }
        },
    };
    timeout(limits::TRIAL_ANSWER_SECONDS_MAX, send(stream, text.as_bytes())).await?
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, octets: &[u8]) -> io::Result<()> {
    stream.write_all(octets).await?;
    stream.shutdown().await
}

/// Reads the request and hands the mail to the reception as it comes.
async fn listen<S: AsyncRead + Unpin>(stream: &mut S, desk: &Arc<Desk>) -> io::Result<Asked> {
    let (mut session, mut input) = (Session::default(), BytesMut::with_capacity(READ_BYTES));
    let mut mail = None;
    loop {
        input.clear();
        let octets = stream.read_buf(&mut input).await?;
        let events = if octets == 0 { session.end() } else { session.take(&input) };
        let events = match events {
            Ok(events) => events,
            Err(fault) => return Ok(Asked::Fault(fault)),
        };
        for event in events {
            match event {
                Event::Ping => return Ok(Asked::Pong),
                Event::Skip => return Ok(Asked::Nothing),
                Event::Begin(command) => {
                    let circumstances = Circumstances { may_guess: true, ..Circumstances::default() };
                    mail = Some((command, Box::new(Trial::new(desk, Door::Spamd, circumstances))));
                }
                Event::Bytes(octets) => {
                    if let Some((_, trial)) = &mut mail {
                        // A refusal stays with the mail and is told at its end: clients read no answer while they write.
                        let _ = trial.bytes(&octets).await;
                    }
                }
                Event::End => {
                    return Ok(mail.map_or(Asked::Nothing, |(command, trial)| Asked::Mail(command, trial)));
                }
            }
        }
        if octets == 0 {
            return Ok(Asked::Nothing);
        }
    }
}

/// An answer without verdict: the client must not take it for "no spam".
fn refusal(reply: &Reply) -> String {
    match reply.code {
        400..500 => answer::trouble(75, "EX_TEMPFAIL", &reply.text),
        _ => answer::trouble(65, "EX_DATAERR", &reply.text),
    }
}

/// Writes the answer; mails go back with the line ends they came with.
async fn tell<S: AsyncWrite + Unpin>(
    stream: &mut S,
    command: Command,
    mut concluded: Concluded,
    are_bare: bool,
) -> io::Result<()> {
    let (verdict, rulebook) = (&concluded.verdict, Arc::clone(&concluded.rulebook));
    if matches!(command, Command::Headers | Command::Process) {
        let spool = std::mem::replace(&mut concluded.spool, Spool::new(0));
        let parcel =
            Parcel::new(concluded.envelope.sender.clone(), &Head::parse(&concluded.head), &verdict.edits, spool);
        let end = if command == Command::Headers { parcel.head.len() } else { parcel.len_bytes() };
        let length = pour(&mut tokio::io::sink(), &parcel, end, are_bare).await?;
        stream.write_all(answer::head(verdict, &rulebook, length).as_bytes()).await?;
        pour(stream, &parcel, end, are_bare).await?;
    } else {
        let text = answer::text(command, verdict, &rulebook);
        let head = answer::head(verdict, &rulebook, text.len());
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(text.as_bytes()).await?;
    }
    stream.shutdown().await?;
    concluded.close();
    Ok(())
}

/// Writes the first `end` octets of the mail, and tells how many octets that were.
async fn pour<S: AsyncWrite + Unpin>(to: &mut S, parcel: &Parcel, end: usize, are_bare: bool) -> io::Result<usize> {
    let (mut at, mut length, mut bare) = (0, 0, Bare::default());
    while at < end {
        let piece = parcel.read_at(at).await?;
        if piece.is_empty() {
            break;
        }
        at += piece.len();
        let piece = if are_bare { bare.take(&piece).into() } else { piece };
        length += piece.len();
        to.write_all(&piece).await?;
    }
    to.write_all(bare.end()).await?;
    Ok(length + bare.end().len())
}
