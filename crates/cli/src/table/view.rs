//! What of the rows is looked at, and in which order.

use crate::terminal::Key;

/// By what rows are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// By service, and then by name.
    #[default]
    Service,
    Name,
    Address,
    /// The youngest first.
    Age,
    /// The nearest first.
    RoundTrip,
}

/// The order and the place, as the keys have chosen them.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) order: Order,
    pub(super) is_reversed: bool,
    /// The first row that is shown.
    first: usize,
    /// As many rows as there were, and as there was room for.
    rows: usize,
    room: usize,
}

impl View {
    pub(super) fn press(&mut self, key: Key) {
        match key {
            Key::Up => self.first = self.first.saturating_sub(1),
            Key::Down => self.first += 1,
            Key::PageUp => self.first = self.first.saturating_sub(self.room),
            Key::PageDown => self.first += self.room,
            Key::Home => self.first = 0,
            Key::End => self.first = self.rows,
            Key::Sort => {
                (self.order, self.first) = (self.order.next(), 0);
            }
            Key::Reverse => {
                (self.is_reversed, self.first) = (!self.is_reversed, 0);
            }
            Key::Quit => {}
        }
        self.first = self.first.min(self.rows.saturating_sub(self.room));
    }

    /// The first row to show of so many, where there is room for so many.
    pub(super) fn first(&mut self, rows: usize, room: usize) -> usize {
        (self.rows, self.room) = (rows, room);
        self.first = self.first.min(rows.saturating_sub(room));
        self.first
    }
}

impl Order {
    fn next(self) -> Order {
        match self {
            Order::Service => Order::Name,
            Order::Name => Order::Address,
            Order::Address => Order::Age,
            Order::Age => Order::RoundTrip,
            Order::RoundTrip => Order::Service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_within_the_rows_and_no_further() {
        let mut view = View::default();
        assert_eq!(view.first(500, 20), 0);
        let mut pressed = |keys: &[Key]| {
            keys.iter().for_each(|key| view.press(*key));
            view.first(500, 20)
        };
        assert_eq!(pressed(&[Key::Up]), 0);
        assert_eq!(pressed(&[Key::Down, Key::Down, Key::Up]), 1);
        assert_eq!(pressed(&[Key::PageDown]), 21);
        assert_eq!(pressed(&[Key::PageUp, Key::PageUp]), 0);
        assert_eq!(pressed(&[Key::End]), 480);
        assert_eq!(pressed(&[Key::Down, Key::PageDown]), 480);
        assert_eq!(pressed(&[Key::Home]), 0);
        assert_eq!(pressed(&[Key::End, Key::Sort]), 0, "another order is looked at from its start");
        // Where most have gone, the last are shown.
        view.press(Key::End);
        assert_eq!((view.first(30, 20), view.first(3, 20)), (10, 0));
    }

    #[test]
    fn each_order_has_its_turn() {
        let mut view = View::default();
        let orders = [Order::Name, Order::Address, Order::Age, Order::RoundTrip, Order::Service];
        for order in orders {
            view.press(Key::Sort);
            assert_eq!(view.order, order);
        }
        view.press(Key::Reverse);
        assert!(view.is_reversed);
    }
}
