//! The demo's second part: a service that comes, changes and goes while another program watches.

use std::net::SocketAddr;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use mcast_net::clock::Clock;
use mcast_net::{Driver, Endpoint, Handle};
use mcast_proto::Event;
use mcast_proto::service::{Discovery, Offer, Responder, Responding, Watcher};
use mcast_proto::wire::DecodeError;

use super::{draw_groups, settings};
use crate::failure::{Failure, Status};
use crate::render::{Format, Renderer};
use crate::roster::Roster;
use crate::terminal::TERMINAL;
use crate::verb::completions::write_stdout;

/// The whole demo takes less than five seconds.
const LONGEST: Duration = Duration::from_secs(4);

const SERVICE: &str = "printer";

/// Shows it, on the loopback interface. What is not seen in time does not work here.
pub(super) fn show(loopback: &str) -> Result<Status, Failure> {
    let group = draw_groups(mcast_net::seed())[0];
    let open = || Endpoint::peer(&settings(loopback, &[group]));
    let printer = Responding { boot: Clock::boot(), ..Responding::of(offer("yes")?) };
    let mut printer = Driver::new(Responder::new(printer, mcast_net::seed()), open()?);
    let watching = Discovery::of(SERVICE).map_err(unfit)?;
    let mut watcher = Driver::new(Watcher::new(watching, mcast_net::seed()), open()?);
    let black = offer("no")?;
    write_stdout(introduction(loopback, group).as_bytes())?;

    let (handle, stopper) = (printer.handle(), watcher.stopper());
    let (over, is_over) = channel::<()>();
    let step = thread::scope(|scope| {
        scope.spawn(|| printer.run(|_| {}));
        scope.spawn(move || {
            if is_over.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
                stopper.stop();
            }
        });
        let step = play(&mut watcher, &handle, black);
        drop(over);
        handle.stop();
        step
    })?;
    let missing = match step {
        Step::Comes => "found",
        Step::Changes => "seen to change",
        Step::Goes => "seen to go",
        Step::Over => return Ok(Status::Success),
    };
    TERMINAL.error(format_args!("the printer was not {missing} within {LONGEST:?}"));
    Ok(Status::Unfulfilled)
}

/// What is to be seen next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Comes,
    Changes,
    Goes,
    Over,
}

/// Watches, and has the printer go on whenever its last step was seen.
fn play(
    watcher: &mut Driver<Watcher>,
    printer: &Handle<Responder>,
    black: Offer,
) -> Result<Step, Failure> {
    let roster = Some(Roster::default());
    let mut renderer = Renderer::new(Format::Text, TERMINAL.stdout().has_colors, roster);
    let stopper = watcher.stopper();
    let (mut step, mut black) = (Step::Comes, Some(black));
    let mut written = Ok(Status::Success);
    watcher.run(|heard| {
        let line = renderer.event(&heard.event, heard.interface, Clock::wall());
        let mut text = line.to_vec();
        match (step, &heard.event) {
            (Step::Comes, Event::Found(_)) => {
                step = Step::Changes;
                text.extend_from_slice(CHANGES.as_bytes());
                if let Some(black) = black.take() {
                    // It runs until it is stopped, below or by whoever called.
                    let _changed = printer.change(|it, now| it.update(now, black));
                }
            }
            (Step::Changes, Event::Changed { .. }) => {
                step = Step::Goes;
                text.extend_from_slice(GOES.as_bytes());
                printer.stop();
            }
            (Step::Goes, Event::Lost { .. }) => {
                step = Step::Over;
                text.extend_from_slice(ENDS.as_bytes());
                stopper.stop();
            }
            _ => {}
        }
        if written.is_ok() {
            written = write_stdout(&text);
        }
    })?;
    written.map(|_| step)
}

fn offer(color: &str) -> Result<Offer, Failure> {
    let offer = || Offer::new(SERVICE)?.name("lab-3")?.port(631)?.attr("color", color.as_bytes());
    offer().map_err(unfit)
}

fn unfit(error: DecodeError) -> Failure {
    Failure::usage(error.to_string())
}

fn introduction(loopback: &str, group: SocketAddr) -> String {
    format!(
        "2. Who comes, changes and goes?\n\n\
         A printer offers itself as a service:\n\n  \
         mcast respond -i {loopback} -g {group} --service {SERVICE} --name lab-3 --port 631 --txt color=yes\n\n\
         Another program watches for printers, until it is stopped:\n\n  \
         mcast discover -i {loopback} -g {group} --service {SERVICE} --watch\n\n"
    )
}

const CHANGES: &str =
    "\nIts coloured ink runs out, and it says that it has no colours any more:\n\n";
const GOES: &str =
    "\nIt is switched off and says goodbye. The watcher asks again, and nobody answers:\n\n";
const ENDS: &str = "
A service is lost too when it says nothing and answers nobody, as after a power cut: when its lease ends.
";
