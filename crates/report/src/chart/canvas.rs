//! Dots and the characters that show them. Knows nothing of readings or axes.

/// The characters of a picture.
pub(super) struct Shades {
    /// Dots in one character, side by side.
    pub(super) dots_across: usize,
    /// Dots in one character, one upon the other.
    pub(super) dots_upward: usize,
    /// Beside a row.
    pub(super) wall: char,
    /// Beside a row with a label.
    pub(super) wall_tick: char,
    /// Where the axes meet.
    pub(super) corner: char,
    /// Below the warm-up.
    pub(super) floor_warm: char,
    /// Below the judged part, or below everything.
    pub(super) floor: char,
    /// Above a label.
    pub(super) floor_tick: char,
    cell: fn(u8) -> char,
}

impl Shades {
    /// Braille patterns hold two dots by four; an asterisk is one dot.
    pub(super) const fn of(unicode: bool) -> Self {
        if unicode { Self::BRAILLE } else { Self::ASCII }
    }

    const BRAILLE: Self = Self {
        dots_across: 2,
        dots_upward: 4,
        wall: '│',
        wall_tick: '┤',
        corner: '└',
        floor_warm: '┄',
        floor: '━',
        floor_tick: '┬',
        cell: braille,
    };

    const ASCII: Self = Self {
        dots_across: 1,
        dots_upward: 1,
        wall: '|',
        wall_tick: '+',
        corner: '+',
        floor_warm: '.',
        floor: '-',
        floor_tick: '+',
        cell: asterisk,
    };
}

/// The Unicode block of braille patterns lists them by their dots.
fn braille(dots: u8) -> char {
    if dots == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ') }
}

const fn asterisk(dots: u8) -> char {
    if dots == 0 { ' ' } else { '*' }
}

/// The bit of a dot in a braille pattern, by row and column. Dots 7 and 8 came later, hence the order.
const BRAILLE_BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A grid of dots; (0, 0) is at the upper left. Dots outside are not drawn.
pub(super) struct Canvas<'a> {
    columns: usize,
    cells: Vec<u8>,
    shades: &'a Shades,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(columns: usize, rows: usize, shades: &'a Shades) -> Self {
        Self { columns, cells: vec![0; columns * rows], shades }
    }

    /// A straight line between two dots, both drawn.
    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
        for step in 0..=steps {
            self.dot(between(from.0, to.0, step, steps), between(from.1, to.1, step, steps));
        }
    }

    fn dot(&mut self, x: usize, y: usize) {
        let (column, row) = (x / self.shades.dots_across, y / self.shades.dots_upward);
        let bit = BRAILLE_BITS[y % self.shades.dots_upward][x % self.shades.dots_across];
        if column < self.columns
            && let Some(cell) = self.cells.get_mut(row * self.columns + column)
        {
            *cell |= bit;
        }
    }

    /// The rows as text, from the top.
    pub(super) fn rows(&self) -> impl Iterator<Item = String> {
        self.cells.chunks(self.columns).map(|row| row.iter().map(|&dots| (self.shades.cell)(dots)).collect())
    }
}

/// The `step`-th of `steps` equal steps, rounded; there is at least one step.
const fn between(from: usize, to: usize, step: usize, steps: usize) -> usize {
    (from * (steps - step) + to * step + steps / 2) / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(unicode: bool, size: (usize, usize), expected: &[&str]) {
        let shades = Shades::of(unicode);
        let mut canvas = Canvas::new(size.0, size.1, &shades);
        let right = size.0 * shades.dots_across - 1;
        canvas.line((0, size.1 * shades.dots_upward - 1), (right, 0));
        assert_eq!(canvas.rows().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        check(true, (4, 2), &["  ⡠⠊", "⡠⠊  "]);
        check(false, (3, 3), &["  *", " * ", "*  "]);
    }

    #[test]
    fn what_is_outside_is_not_drawn() {
        let shades = Shades::of(false);
        let mut canvas = Canvas::new(2, 1, &shades);
        canvas.line((1, 0), (5, 7));
        assert_eq!(canvas.rows().collect::<Vec<_>>(), [" *"]);
    }
}
