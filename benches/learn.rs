//! The learned model over a list of mails: on line with immediate feedback, or one half learned and the other judged.
//!
//! `cargo bench --ignore-rust-version --bench learn -- LIST online|batch` reads lines `spam PATH` or `ham PATH` and prints
//! `spam SCORE` or `ham SCORE` for every mail that was judged; `benches/learn.py` makes the lists and the figure of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod support;

use std::fs;
use support::{arguments, cpu_seconds};
use wehr::{
    judge::learned::model::{Class, Model, Vector},
    mail::message::Message,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments = arguments();
    let [list, mode] = arguments.as_slice() else {
        eprintln!("learn LIST online|batch: nothing to do");
        return;
    };
    let is_online = mode == "online";
    let mut model = Model::new([7; 16], if is_online { 1 } else { 3 });
    let mut took = 0.0;
    let mails: Vec<(Class, Vector)> = fs::read_to_string(list)
        .unwrap()
        .lines()
        .map(|line| {
            let (class, path) = line.split_once(' ').unwrap();
            let message = Message::parse(fs::read(path).unwrap().into());
            let start = cpu_seconds();
            let vector = model.vector(&message);
            took += cpu_seconds() - start;
            (if class == "spam" { Class::Spam } else { Class::Ham }, vector)
        })
        .collect();
    let tell = |model: &Model, (class, vector): &(Class, Vector)| {
        println!("{} {:.9}", if *class == Class::Spam { "spam" } else { "ham" }, model.score(vector));
    };
    if is_online {
        for mail in &mails {
            tell(&model, mail);
            model.learn(std::slice::from_ref(mail));
        }
    } else {
        let (learned, judged) = mails.split_at(mails.len() / 2);
        model.learn(learned);
        for mail in judged {
            tell(&model, mail);
        }
    }
    let count = f64::from(u32::try_from(mails.len().max(1)).unwrap());
    eprintln!("{} mails, {:.0} us a vector (CPU time of this thread)", mails.len(), took * 1e6 / count);
}
