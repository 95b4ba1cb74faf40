//! Reading the file of services again, while they are offered.

use mcast_net::IdSource;
use mcast_proto::Several;

use super::answerer::Answerer;
use super::offered::{Offered, Step, steps};
use super::services::Services;
use crate::config::Config;
use crate::failure::Failure;
use crate::reload::Changer;
use crate::render::Plural;
use crate::terminal::TERMINAL;

/// What is offered, and by which words.
pub(super) struct Reload {
    options: Services,
    /// As it was read at the start.
    config: Config,
    offered: Vec<Offered>,
    ids: IdSource,
    is_quiet: bool,
}

impl Reload {
    pub(super) fn new(
        (options, config): (Services, Config),
        (offered, ids): (Vec<Offered>, IdSource),
        is_quiet: bool,
    ) -> Reload {
        Reload { options, config, offered, ids, is_quiet }
    }

    /// Reads the file again, and has the services be what it says. What is wrong with it is told, and they stay as
    /// they are.
    pub(super) fn run(&mut self, changer: &Changer<Several<Answerer>>) {
        let Some(file) = self.options.file().map(|file| file.display().to_string()) else {
            return TERMINAL.warn("SIGUSR1: there is nothing to read again without --config");
        };
        match self.change(changer) {
            Ok(steps) if !self.is_quiet => TERMINAL.say(format_args!("read {file} again: {steps}")),
            Ok(_) => {}
            Err(failure) => {
                TERMINAL.warn(format_args!("{failure}; what is offered stays as it is"));
            }
        }
    }

    /// Has it changed, and says how.
    fn change(&mut self, changer: &Changer<Several<Answerer>>) -> Result<String, Failure> {
        let new = self.options.resolve()?;
        let steps = steps(&mut self.offered, &new.services, &self.ids)?;
        let of_start = |config: &Config| Config { services: Vec::new(), ..config.clone() };
        if of_start(&new) != of_start(&self.config) {
            log::warn!(
                "lease, no-plain and key-file are as they were at the start: restart for others"
            );
        }
        let count = |is: fn(&Step) -> bool| steps.iter().filter(|step| is(step)).count();
        let added = Plural(count(|step| matches!(step, Step::Add { .. })) as u64, "service");
        let changed = count(|step| matches!(step, Step::Update { .. }));
        let withdrawn = count(|step| matches!(step, Step::Withdraw { .. }));
        let told = format!("{added} added, {changed} changed, {withdrawn} withdrawn");
        let made = changer.change(move |machines, now| {
            let mut all = (0..).map_while(|nth| machines.machine(nth).map(|_| nth));
            let is_it = |nth: &usize| matches!(machines.machine(*nth), Some(Answerer::Services(_)));
            let responders =
                all.find(is_it).and_then(|nth| machines.machine_mut(nth)?.responders());
            let Some(responders) = responders else { return };
            for step in steps {
                if let Err(unfit) = step.make(responders, now) {
                    log::warn!("a service is not as the file says: {unfit}");
                }
            }
        });
        made.map_err(|ended| Failure::network(ended.to_string()))?;
        Ok(told)
    }
}
