//! What an answer says, and the rest of one that comes in blocks.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use mcast_proto::{Arrival, Destination, Instant};

use super::identity::Id;
use super::links::{is_list, links};
use super::message::{CONTENT, Message, option};
use super::question::{Block, Token, get};
use crate::scan::{Hold, Saying, Sighting, Told, Verdict, Words};

/// The content format of links (RFC 6690 section 7.3).
const LINK_FORMAT: u32 = 40;
/// For how long content holds where nobody says (RFC 7252 section 5.10.5).
const USUAL_AGE: u32 = 60;
/// Questions that answers are matched with.
const MOST_ASKED: usize = 64;
/// Answers that come in blocks, at one time; and how long each may be in all.
const MOST_TRANSFERS: usize = 32;
const LONGEST: usize = 8 * 1024;
/// Blocks that are asked for, of one answer: the smallest have 16 bytes.
const MOST_BLOCKS: u32 = 64;
/// A block is asked for so often, and waited for so long each time.
const TRIES: u8 = 2;
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// What was asked, and what is still being fetched.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    asked: VecDeque<(Token, Instant)>,
    transfers: BTreeMap<SocketAddr, Transfer>,
}

/// An answer of which there is more.
#[derive(Debug, Clone)]
struct Transfer {
    arrival: Arrival,
    first: First,
    /// What has come so far.
    body: Vec<u8>,
    /// The block that is asked for next, with what, and when.
    block: Block,
    token: Token,
    asked_at: Instant,
    tries: u8,
    /// It is asked for from its beginning, because the server knows nothing of what it answered to the group.
    is_afresh: bool,
}

/// What the first block says of the whole.
#[derive(Debug, Clone, Copy)]
struct First {
    words: Words,
    age: u32,
    round_trip: Duration,
}

impl Answers {
    /// A question to all is put.
    pub(super) fn ask(&mut self, token: Token, now: Instant) {
        if self.asked.len() >= MOST_ASKED {
            self.asked.pop_front();
        }
        self.asked.push_back((token, now));
    }

    /// When the next block has not come for too long.
    pub(super) fn due(&self) -> Option<Instant> {
        self.transfers.values().map(Transfer::due).min()
    }

    /// Tells what a datagram says.
    pub(super) fn hear(
        &mut self,
        query: Option<&str>,
        datagram: &[u8],
        arrival: &Arrival,
        to: &mut Told<'_>,
    ) -> Verdict {
        let Some(message) = Message::read(datagram) else { return Verdict::Refused };
        if message.is_request() {
            return Verdict::Beside;
        }
        let from = arrival.from.remote;
        let block = match message.option(option::BLOCK2) {
            None => None,
            Some(_) => match message.number(option::BLOCK2).and_then(Block::of) {
                Some(block) => Some(block),
                None => return Verdict::Refused,
            },
        };
        let is_links = message.code == CONTENT
            && message.number(option::CONTENT_FORMAT).is_none_or(|format| format == LINK_FORMAT);
        if let Some(transfer) = self.transfers.get_mut(&from)
            && transfer.token == message.token
        {
            let is_next = is_links && transfer.take(&message, block);
            let has_more = is_next && block.is_some_and(|block| block.has_more);
            if has_more && transfer.can_go_on() {
                transfer.go_on(query, to);
            } else if !is_links && !transfer.is_afresh {
                transfer.begin_afresh(query, to);
            } else {
                self.finish(from, is_next && !has_more, to);
            }
            return Verdict::Taken;
        }
        let Some(asked) = self.asked_at(message.token) else { return Verdict::Refused };
        if !is_links || !is_list(message.payload) {
            return Verdict::Refused;
        }
        let taken = arrival.time(to.now());
        let first = First {
            words: Words::of([None, Some(message.payload), message.option(option::ETAG)]),
            age: message.number(option::MAX_AGE).unwrap_or(USUAL_AGE),
            round_trip: taken - asked,
        };
        let block = block.filter(|block| block.has_more && block.number == 0);
        match block.filter(|_| to.is_news(arrival.from, Id::of(from).as_bytes(), first.words)) {
            Some(block) => self.begin(block, first, message.payload, arrival, query, to),
            None => tell(arrival, first, message.payload, to),
        }
        Verdict::Taken
    }

    /// Asks again for blocks that have not come, and gives up those that were asked for often enough.
    pub(super) fn wake(&mut self, query: Option<&str>, to: &mut Told<'_>) {
        let now = to.now();
        let late = self.transfers.iter().filter(|(_, transfer)| transfer.due() <= now);
        let late: Vec<SocketAddr> = late.map(|(from, _)| *from).collect();
        for from in late {
            match self.transfers.get_mut(&from) {
                Some(transfer) if transfer.tries < TRIES => transfer.ask(query, to),
                _ => self.finish(from, false, to),
            }
        }
    }

    /// Tells what has come of all.
    pub(super) fn give_up(&mut self, to: &mut Told<'_>) {
        while let Some(from) = self.transfers.keys().next().copied() {
            self.finish(from, false, to);
        }
    }

    fn begin(
        &mut self,
        block: Block,
        first: First,
        payload: &[u8],
        arrival: &Arrival,
        query: Option<&str>,
        to: &mut Told<'_>,
    ) {
        if self.transfers.contains_key(&arrival.from.remote) {
            return;
        }
        if self.transfers.len() >= MOST_TRANSFERS || payload.len() != block.size() {
            to.cut_short();
            return tell(arrival, first, payload, to);
        }
        let mut transfer = Transfer {
            arrival: *arrival,
            first,
            body: payload.to_vec(),
            block: block.next(),
            token: Token::default(),
            asked_at: Instant::ZERO,
            tries: 0,
            is_afresh: false,
        };
        transfer.ask(query, to);
        self.transfers.insert(arrival.from.remote, transfer);
    }

    fn finish(&mut self, from: SocketAddr, is_whole: bool, to: &mut Told<'_>) {
        let Some(transfer) = self.transfers.remove(&from) else { return };
        if !is_whole {
            to.cut_short();
        }
        tell(&transfer.arrival, transfer.first, &transfer.body, to);
    }

    fn asked_at(&self, token: &[u8]) -> Option<Instant> {
        self.asked.iter().find(|(asked, _)| asked == token).map(|(_, at)| *at)
    }
}

impl Transfer {
    fn due(&self) -> Instant {
        self.asked_at + ANSWERED_WITHIN
    }

    /// Takes a block, if it is the one that was asked for.
    fn take(&mut self, message: &Message<'_>, block: Option<Block>) -> bool {
        let Some(block) = block else { return false };
        // From the beginning once more, in place of what the group was answered.
        if self.is_afresh && self.block.number == 0 && block.number == 0 {
            self.body.clear();
        }
        let is_next = block.number as usize * block.size() == self.body.len();
        let room = LONGEST.saturating_sub(self.body.len());
        let is_whole = !block.has_more || message.payload.len() == block.size();
        if !is_next || !is_whole || message.payload.len() > room {
            return false;
        }
        self.body.extend_from_slice(message.payload);
        self.block = block.next();
        true
    }

    fn can_go_on(&self) -> bool {
        self.block.number < MOST_BLOCKS && self.body.len() < LONGEST
    }

    fn go_on(&mut self, query: Option<&str>, to: &mut Told<'_>) {
        self.tries = 0;
        self.ask(query, to);
    }

    fn begin_afresh(&mut self, query: Option<&str>, to: &mut Told<'_>) {
        self.is_afresh = true;
        self.block.number = 0;
        self.go_on(query, to);
    }

    /// Asks for the next block, under a number of its own.
    fn ask(&mut self, query: Option<&str>, to: &mut Told<'_>) {
        self.tries += 1;
        self.asked_at = to.now();
        let (token, id) = numbers(to.draws());
        self.token = token;
        let mut bytes = Vec::new();
        get(id, token, query, Some(self.block), &mut bytes);
        to.follow_up(self.arrival.from, Destination::peer(self.arrival.from), bytes);
    }
}

/// The numbers of a question: by the token its answer is known; the message's own is another each time,
/// because repeats are dropped by it.
pub(super) fn numbers(draws: &mut crate::scan::Draws) -> (Token, u16) {
    (draws.number().to_be_bytes(), draws.number() as u16)
}

fn tell(arrival: &Arrival, first: First, list: &[u8], to: &mut Told<'_>) {
    let id = Id::of(arrival.from.remote);
    let sighting = Sighting {
        id: id.as_bytes(),
        words: first.words,
        hold: Hold::Rounds,
        recall: &[],
        round_trip: Some(first.round_trip),
        lease: Some(Duration::from_secs(first.age.into())),
        say: &|saying| say(arrival.from.remote.port(), list, saying),
    };
    to.here(arrival, &sighting);
}

fn say(port: u16, list: &[u8], to: &mut Saying) {
    if let Some(title) = links(list).find_map(|link| link.get("title")) {
        to.name(title);
    }
    // The standard has several types in one value, with spaces between them.
    let types = |name| links(list).filter_map(move |link| link.get(name));
    let mut told: Vec<&[u8]> = Vec::new();
    for types in types("rt").chain(types("if")) {
        for one in types.split(|byte| *byte == b' ').filter(|one| !one.is_empty()) {
            if !told.contains(&one) {
                told.push(one);
                to.service(one);
            }
        }
    }
    to.port(port);
    for link in links(list) {
        if link.said.is_empty() {
            to.flag(link.target);
        } else {
            to.attribute(link.target, link.said);
        }
    }
}
