//! Sockets for DNS whose name server is told to the kernel (udp(7)): a server that is not there is known at once.
//!
//! Touches sockets. An unconnected UDP socket never hears of the ICMP "port unreachable" and waits its time out, ten
//! seconds a question. tokio wakes a reader for datagrams, not for that error, so it is waited for here as well.

use futures_util::{FutureExt, future::BoxFuture};
use mail_auth::hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioRuntimeProvider};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{io::Interest, net::UdpSocket};

type Opening<T> = Pin<Box<dyn Send + Future<Output = io::Result<T>>>>;

/// The runtime of hickory, but for its UDP sockets.
#[derive(Clone, Default)]
pub struct Sockets(TokioRuntimeProvider);

/// A UDP socket with one name server at the other end.
pub struct Connected(UdpSocket);

impl RuntimeProvider for Sockets {
    type Handle = <TokioRuntimeProvider as RuntimeProvider>::Handle;
    type Timer = <TokioRuntimeProvider as RuntimeProvider>::Timer;
    type Udp = Connected;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        local: Option<SocketAddr>,
        patience: Option<Duration>,
    ) -> Opening<Self::Tcp> {
        self.0.connect_tcp(server, local, patience)
    }

    fn bind_udp(&self, local: SocketAddr, server: SocketAddr) -> Opening<Self::Udp> {
        Box::pin(async move {
            let socket = UdpSocket::bind(local).await?;
            socket.connect(server).await?;
            Ok(Connected(socket))
        })
    }
}

impl DnsUdpSocket for Connected {
    type Time = <TokioRuntimeProvider as RuntimeProvider>::Timer;

    fn poll_recv_from(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        DnsUdpSocket::poll_recv_from(&self.0, context, buffer)
    }

    fn recv_from<'a, 'b, 'c>(&'a self, buffer: &'b mut [u8]) -> BoxFuture<'c, io::Result<(usize, SocketAddr)>>
    where
        'a: 'c,
        'b: 'c,
    {
        async move {
            let ready = self.0.ready(Interest::READABLE | Interest::ERROR).await?;
            if ready.is_error()
                && let Some(error) = self.0.take_error()?
            {
                return Err(error);
            }
            self.0.recv_from(buffer).await
        }
        .boxed()
    }

    fn poll_send_to(&self, context: &mut Context<'_>, buffer: &[u8], target: SocketAddr) -> Poll<io::Result<usize>> {
        DnsUdpSocket::poll_send_to(&self.0, context, buffer, target)
    }
}
