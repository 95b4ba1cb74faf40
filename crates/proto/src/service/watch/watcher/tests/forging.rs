//! Who speaks in another's name.

use super::*;

#[test]
fn whoever_says_something_older_from_its_address_keeps_nobody_in_who_went() {
    let mut net = Net::of(
        Discovery::of("printer").unwrap(),
        [Peer { epoch: Some(epoch(2, 5)), ..Peer::new(1) }, Peer::new(2)],
    );
    while net.watcher.present() < 2 {
        net.run_for(Duration::from_millis(1));
    }
    let forged = Peer { lease: SECOND * 86_400, port: 515, ..Peer::new(1) };
    let (bytes, mut tlvs) = (net.asked.last().unwrap().bytes.clone(), forged.tlvs());
    let Ok(Datagram::Query(query)) = wire::decode(&bytes) else { panic!("no query") };
    let unfiltered = Query { filter: Filter::NONE, ..query };
    let reply = forged.answer(&unfiltered, &mut tlvs).unwrap();
    net.hear_from(forged.at, Cast::Unicast, true, Datagram::Reply(reply), None);
    net.leave(1);
    net.run_for(LEASE + SECOND * 2);
    assert_eq!(net.told(), [Told::Found(1), Told::Found(2), Told::Lost(1, Loss::Expired)]);
}
