//! [`Excerpt`]: the few lines of a text that an issue is about, cropped so that they fit a terminal. Decides nothing
//! about how they are drawn.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{Source, Span};

/// With line numbers beside it, a line of so many characters fits 80 columns.
const WIDEST: usize = 72;

/// How far from the left a place begins when its line is cropped.
const INDENT: usize = 20;

/// Lines around some places of a text, with the places translated.
#[derive(Debug, Clone)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    lines: Vec<Line>,
    places: Vec<Span>,
}

#[derive(Debug, Clone)]
struct Line {
    /// Its number in the file, from 0.
    number: usize,
    /// Where it is in the excerpt, its line end included.
    span: Span,
    /// How many characters are cropped at its left, less the mark that stands for them.
    shift: usize,
}

impl Excerpt {
    /// The lines of `places`, and one before and after each.
    pub(super) fn new(source: &Source, places: &[Span]) -> Self {
        let places: Vec<Span> = places.iter().map(|place| source.first_line(place)).collect();
        let wanted: Vec<usize> = places.iter().map(|place| source.line_of(place.start)).collect();

        let mut excerpt = Self {
            name: source.name().to_owned(),
            text: String::new(),
            lines: Vec::new(),
            places: vec![0..0; places.len()],
        };
        // What follows the last line end is a line only when something is said of it.
        let last = source.line_count() - 1;
        let beyond = last > 0 && source.line(last).1.is_empty() && !wanted.contains(&last);
        for number in around(&wanted, source.line_count() - usize::from(beyond)) {
            let (start, line) = source.line(number);
            let here: Vec<usize> = (0..places.len()).filter(|place| wanted[*place] == number).collect();
            let columns = |place: &Span| place.start - start..place.end - start;
            let focus = here.first().map(|place| columns(&places[*place]));
            let offset = excerpt.text.len();
            let cropped = Cropped::new(line, focus);
            for place in here {
                let inside = cropped.translate(&columns(&places[place]));
                excerpt.places[place] = offset + inside.start..offset + inside.end;
            }
            excerpt.text.push_str(&cropped.text);
            excerpt.text.push('\n');
            excerpt.lines.push(Line { number, span: offset..excerpt.text.len(), shift: cropped.shift });
        }
        excerpt
    }

    /// The places, in their order, within the excerpt.
    pub(super) fn places(&self) -> &[Span] {
        &self.places
    }

    /// The line of an offset.
    fn line(&self, offset: usize) -> Option<usize> {
        self.lines.iter().position(|line| line.span.contains(&offset))
    }
}

/// The lines `wanted` with their neighbours, in order.
fn around(wanted: &[usize], count: usize) -> Vec<usize> {
    let mut lines: Vec<usize> =
        wanted.iter().flat_map(|line| line.saturating_sub(1)..=line + 1).filter(|line| *line < count).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// A line cut to its width around a focus.
struct Cropped {
    text: String,
    /// The part of the line that is kept, in bytes.
    kept: Range<usize>,
    /// The bytes of the mark before it.
    mark: usize,
    shift: usize,
}

impl Cropped {
    fn new(line: &str, focus: Option<Range<usize>>) -> Self {
        let bytes: Vec<usize> = line.char_indices().map(|(byte, _)| byte).chain([line.len()]).collect();
        let length = bytes.len() - 1;
        if length <= WIDEST {
            return Self { text: line.to_owned(), kept: 0..line.len(), mark: 0, shift: 0 };
        }
        let column = |byte: usize| bytes.partition_point(|start| *start < byte);
        let focus = focus.map_or(0..0, |focus| column(focus.start)..column(focus.end));
        let first = if focus.end + INDENT <= WIDEST { 0 } else { focus.start.saturating_sub(INDENT) };
        let last = (first + WIDEST - 2).min(length);
        let (before, after) = (if first > 0 { "…" } else { "" }, if last < length { "…" } else { "" });
        let kept = bytes[first]..bytes[last];
        Self {
            text: format!("{before}{}{after}", &line[kept.clone()]),
            kept,
            mark: before.len(),
            shift: first.saturating_sub(before.chars().count()),
        }
    }

    /// A place of the line within the cropped text.
    fn translate(&self, place: &Span) -> Span {
        let inside = |byte: usize| byte.clamp(self.kept.start, self.kept.end) - self.kept.start + self.mark;
        inside(place.start)..inside(place.end)
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let first = self.line(span.offset()).ok_or(MietteError::OutOfBounds)?;
        let last = self.line(span.offset() + span.len().saturating_sub(1)).ok_or(MietteError::OutOfBounds)?;
        let follows = |line: usize| self.lines[line].number == self.lines[line - 1].number + 1;
        if !(first + 1..=last).all(follows) {
            return Err(MietteError::OutOfBounds);
        }
        let start = (1..=first).rev().take(before).take_while(|line| follows(*line)).count();
        let end = (last + 1..self.lines.len()).take(after).take_while(|line| follows(*line)).count();
        let (top, bottom) = (&self.lines[first - start], &self.lines[last + end]);
        let shown = top.span.start..bottom.span.end;
        let (offset, column) = if before == 0 && after == 0 {
            let text = &self.text[top.span.start..span.offset()];
            (span.offset(), text.chars().count() + top.shift)
        } else {
            (shown.start, 0)
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &self.text.as_bytes()[offset..shown.end],
            SourceSpan::from(offset..shown.end),
            top.number,
            column,
            bottom.number - top.number + 1,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cropped_around_the_place() {
        let line = format!("{}\"here\"{}", "é".repeat(100), "x".repeat(100));
        let start = "é".repeat(100).len();
        let here = 2 + start..2 + start + 6;
        let excerpt = Excerpt::new(&Source::new("f", &format!("a\n{line}\nb")), std::slice::from_ref(&here));
        let place = excerpt.places()[0].clone();
        assert_eq!(&excerpt.text[place.clone()], "\"here\"");
        assert!(excerpt.text.lines().all(|line| line.chars().count() <= WIDEST));
        let contents = excerpt.read_span(&SourceSpan::from(place), 0, 0).unwrap();
        assert_eq!((contents.line(), contents.column()), (1, 100));
    }

    #[test]
    fn far_lines_are_left_out() {
        let excerpt = Excerpt::new(&Source::new("f", "0\n1\n2\n3\n4\n5\n6\n7\n"), &[12..13, 2..3]);
        assert_eq!(excerpt.text, "0\n1\n2\n5\n6\n7\n");
        assert!(excerpt.read_span(&SourceSpan::from(2..9), 0, 0).is_err(), "a span across the gap");
        let contents = excerpt.read_span(&SourceSpan::from(excerpt.places()[0].clone()), 1, 1).unwrap();
        assert_eq!((contents.line(), contents.line_count(), contents.data()), (5, 3, &b"5\n6\n7\n"[..]));
    }

    #[test]
    fn places_at_the_end_are_shown() {
        for text in ["", "x", "x\n", "x\r\n"] {
            let end = text.len()..text.len();
            let excerpt = Excerpt::new(&Source::new("f", text), std::slice::from_ref(&end));
            let place = excerpt.places()[0].clone();
            assert!(excerpt.read_span(&SourceSpan::from(place), 1, 1).is_ok(), "{text:?}");
        }
    }
}
