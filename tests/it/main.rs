//! Integration tests: the whole program, real processes, real terminals.

#![allow(clippy::unwrap_used)]

mod attempt;
mod audit;
mod backtest;
mod check;
mod checklist;
mod company;
mod components;
mod crash;
mod demo;
mod drill;
mod events;
mod far;
mod guide;
mod haproxy;
mod init;
mod kill;
mod kinds;
mod layers;
mod live_pages;
mod logout;
mod notify;
#[path = "../support/page.rs"]
#[allow(dead_code)]
mod page;
mod people;
mod plan;
mod promtool;
#[path = "../support/pty.rs"]
#[allow(dead_code)]
mod pty;
mod race;
mod readme;
mod report;
mod requirements;
#[path = "../support/run.rs"]
#[allow(dead_code)]
mod run;
mod screen;
mod secrets;
mod storage;
mod terminal;
mod two_accounts;
mod unruly;
mod walk;
mod watch;
