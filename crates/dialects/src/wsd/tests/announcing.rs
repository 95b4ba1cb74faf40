//! Who comes, changes and goes.

use super::*;

#[test]
fn hello_and_bye_are_told_and_only_from_neighbours() {
    let mut driven = watcher();
    driven.hear(off_link(to_group_from(FROM)), WSDD_HELLO);
    assert_eq!(driven.take_told(), []);
    driven.hear(to_group_from("10.77.0.2:54858"), &edited(WSDD_HELLO, "f51248a6", "f51248a7"));
    let told = driven.take_told();
    assert_eq!((told[0].found().key.as_str(), told[0].found().round_trip), (KEY, None));
    for other in [to_group_from("10.77.0.3:3702"), off_link(to_group_from(FROM))] {
        driven.hear(other, WSDD_BYE);
    }
    driven.hear(to_group_from(FROM), WSDD2_BYE);
    assert_eq!(driven.take_told(), []);
    driven.hear(to_group_from("10.77.0.2:54858"), &edited(WSDD_BYE, "f978b4e8", "f978b4e9"));
    assert_eq!(driven.take_told(), [Told::Lost(KEY.into(), Loss::Goodbye)]);
}

#[test]
fn a_copy_that_comes_late_brings_nobody_back() {
    let mut driven = watcher();
    driven.hear(to_group_from(FROM), CAMERA_HELLO);
    let bye = edited(CAMERA_HELLO, "Hello", "Bye");
    driven.hear(to_group_from(FROM), &bye);
    assert_eq!(driven.take_told().len(), 2);
    driven.wait(Duration::from_secs(2));
    driven.hear(to_group_from(FROM), CAMERA_HELLO);
    assert_eq!(driven.take_told(), []);
    driven.wait(Duration::from_secs(2));
    driven.hear(to_group_from(FROM), CAMERA_HELLO);
    assert_eq!(driven.take_told().len(), 1);
}

/// An answer that names as many devices as this.

#[test]
fn one_that_announces_itself_without_saying_what_it_is_is_asked() {
    let mut driven = watcher();
    driven.wait(Duration::from_secs(2));
    driven.take_sent();
    driven.hear(to_group_from(FROM), WSDD_HELLO);
    let told = driven.take_told();
    assert_eq!((told[0].found().services.len(), told[0].found().endpoint.is_some()), (0, true));
    let asked = driven.take_sent();
    assert_eq!(asked.len(), 1);
    driven.hear(answer_from(FROM), &to(&asked[0].1, WSDD_RESOLVED));
    let told = driven.take_told();
    assert_eq!(told[0].changed().0.services.len(), 2);
    // A camera says it in its announcement, whose number of its start is nothing new after its answer.
    let question = asked[0].1.clone();
    driven.hear(to_group_from("10.77.0.3:1"), CAMERA_HELLO);
    assert_eq!((driven.take_sent().len(), driven.take_told().len()), (0, 1));
    let camera = edited(&to(&question, WSDD_RESOLVED), "3d9c6a52", "3d9c6a53");
    driven.hear(answer_from(FROM), &camera);
    assert_eq!(driven.take_told().len(), 1);
    driven.hear(to_group_from(FROM), &edited(WSDD_HELLO, "3d9c6a52", "3d9c6a53"));
    assert_eq!((driven.take_sent().len(), driven.take_told().len()), (0, 0));
}

#[test]
fn another_version_and_another_start_are_changes() {
    let mut driven = watcher();
    let camera = text(CAMERA_HELLO).split("Address>").nth(1).expect("an address");
    let camera = &camera["urn:uuid:".len()..camera.len() - "</a:".len()];
    let hello = |id: &str, from: &str, to: &str| {
        let message =
            edited(CAMERA_HELLO, "MessageID>urn:uuid:", &alloc::format!("MessageID>{id}"));
        edited(&message, from, to)
    };
    let instance = text(CAMERA_HELLO).split("InstanceId=\"").nth(1).expect("an instance");
    let instance = instance.split('"').next().expect("an instance");
    driven.hear(to_group_from(FROM), CAMERA_HELLO);
    assert_eq!(driven.take_told().len(), 1);
    // Its answers have another number each, which says nothing.
    driven.wait(Duration::from_millis(200));
    for (nth, (_, question)) in driven.take_sent().iter().enumerate() {
        let answer =
            edited(&to(question, CAMERA), "InstanceId=\"", &alloc::format!("InstanceId=\"{nth}"));
        let answer = edited(&answer, "1112d288-95c8-4360-9207-c1adfa436950", camera);
        driven.hear(answer_from(FROM), &answer);
    }
    assert_eq!(driven.take_told(), []);
    driven.hear(to_group_from(FROM), &hello("a", "MetadataVersion>1<", "MetadataVersion>2<"));
    assert_eq!(driven.take_told()[0].changed().1, Change::Content);
    driven.hear(to_group_from(FROM), &hello("b", instance, "1"));
    let told = driven.take_told();
    assert_eq!(told[0].changed().1, Change::Restarted);
}

#[test]
fn who_leaves_three_rounds_unanswered_is_lost() {
    let mut driven = watcher();
    driven.hear(to_group_from(FROM), CAMERA_HELLO);
    assert_eq!(driven.take_told().len(), 1);
    driven.wait(Duration::from_secs(239));
    assert_eq!(driven.take_told(), []);
    driven.wait(Duration::from_secs(2));
    let told = driven.take_told();
    assert!(matches!(&told[..], [Told::Lost(_, Loss::Unanswered)]), "{told:?}");
}
