//! Choices that are read from an input, a byte each. Where the input ends, every choice is the
//! first one.

pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub fn of(input: &'a [u8]) -> Self {
        Self(input)
    }

    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    pub fn byte(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    /// One of the numbers below `limit`.
    pub fn below(&mut self, limit: u8) -> u8 {
        self.byte() % limit
    }

    pub fn bool(&mut self) -> bool {
        self.below(2) == 1
    }
}
