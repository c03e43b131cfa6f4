//! A connection that breaks is made again.

use crate::{PATIENCE, options};
use anyhow::{Result, ensure};
use plimsoll_keeper::{
    chain::{CLOCK, Chain, Event, rpc::Rpc},
    stop::Stop,
};
use plimsoll_localnet::Network;
use solana_keypair::Keypair;
use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Hands on what comes and goes between whoever connects and a port, until the connections are cut.
struct Line {
    address: String,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    fn to(port: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, streams) =
            (format!("ws://{}", listener.local_addr()?), Arc::new(Mutex::new(Vec::new())));
        let (port, open) = (port.to_owned(), Arc::clone(&streams));
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&port) else { return };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
                    thread::spawn(move || io::copy(&mut from, &mut to));
                }
                open.lock().expect("no panic").extend([near, far]);
            }
        });
        Ok(Self { address, streams })
    }

    fn is_cut(&self) {
        for stream in self.streams.lock().expect("no panic").drain(..) {
            // An error means that it has ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[test]
fn a_broken_connection_is_made_again_and_everything_is_read_again() -> Result<()> {
    let network = Network::boot()?;
    let line = Line::to(network.websocket_url().trim_start_matches("ws://"))?;
    let chain = Rpc::connect(options(&network, line.address.clone()), Keypair::new())?;
    let (stop, events) = (Stop::default(), Mutex::new(Vec::new()));
    let comes = |event: &str, times: usize| -> Result<()> {
        let began = Instant::now();
        let count = || events.lock().expect("no panic").iter().filter(|name| **name == event).count();
        while count() < times {
            ensure!(began.elapsed() < PATIENCE, "{event} did not come {times} times");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    };
    let tells = |event| {
        let name = match event {
            Event::Snapshot { .. } => "snapshot",
            Event::Changed(_) => "change",
            Event::Lost => "loss",
        };
        events.lock().expect("no panic").push(name);
        Vec::new()
    };
    thread::scope(|scope| {
        let mut tells = tells;
        let (chain, stop) = (&chain, &stop);
        scope.spawn(move || chain.follow(&[CLOCK], stop, &mut tells));
        let outcome = (1..=2).try_for_each(|times| {
            comes("snapshot", times)?;
            line.is_cut();
            comes("loss", times)
        });
        let outcome = outcome.and_then(|()| comes("snapshot", 3));
        stop.set();
        outcome
    })
}
