//! What stands above the table, so that it can be read without anything else.

use crate::args::Args;

/// Says what the network is like and what the columns are.
pub(crate) fn print(args: &Args) {
    let command: Vec<String> = std::env::args().skip(1).collect();
    println!("simulate {}\n", command.join(" "));
    println!("The machines of the structured protocol, on a simulated network.");
    println!("One asker, so many responders; {}", network(args));
    println!("{}\n", columns(args));
}

fn network(args: &Args) -> String {
    let mut said = vec![format!(
        "each says {} bytes of attributes from {} address{}, and answers after 0.3 ms (exponential)",
        args.attributes,
        args.addresses,
        if args.addresses == 1 { "" } else { "es" },
    )];
    said.push(match args.delay {
        None => "each way takes 0.1 ms".into(),
        Some(ms) => format!("each way takes {ms} ms"),
    });
    said.push(match args.burst {
        None => "a question is lost to each of them, and each answer, by itself".into(),
        Some(ms) => {
            format!("each of their ways loses all in bursts of {ms} ms (mean, exponential)")
        }
    });
    if args.worse > 0.0 {
        said.push(format!("{} of them have a link that loses {}", args.worse, args.worse_loss));
    }
    if args.wifi {
        let dtim = args.dtim_ms.map_or(String::new(), |ms| format!(", held for a DTIM of {ms} ms"));
        said.push(format!(
            "all share one radio channel: multicasts at 1 Mbit/s{dtim}, unicasts in 1/3000 s each, \
             of which 2 % are lost"
        ));
    }
    if args.drift > 0 {
        said.push(format!("their clocks go up to {} millionths wrong", args.drift));
    }
    if let Some(rate) = args.responder_drain {
        said.push(format!(
            "they read {rate} datagrams a second out of the same queues as the asker"
        ));
    }
    let stalls = args
        .stall_ms
        .map_or(String::new(), |ms| format!(", but stalls {ms} ms ten times a second"));
    let effort = format!("{:?}", args.effort).to_lowercase();
    said.push(format!(
        "the asker has a switch port ({} Mbit/s, 4000 datagrams) and a socket ({} small datagrams), \
         reads {} a second{stalls}, and its effort is {effort}",
        args.megabits, args.buffer, args.drain,
    ));
    said.join(";\n") + "."
}

fn columns(args: &Args) -> &'static str {
    if args.false_completions.is_some() {
        return "Complete and not: it said that everybody was found, and somebody was not, or not with all \
                that it says from\neach of its addresses.";
    }
    "Medians of the runs. Loss: the share lost each way. Found: the share of responders told; first, 99 %, \
     100 %: when, in\nseconds from the start; done: when it ended. Replies, queries: datagrams to one and \
     to the group, of all hosts, and MB\nall of them with 42 bytes of headers each. Peak: the busiest \
     millisecond at the asker's port. Drops: datagrams that\nfound a queue full. False: runs (not their \
     median) that said complete and were not. Whole: the share told with all\nthat it says from each of \
     its addresses."
}
