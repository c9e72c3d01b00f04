//! What comes before what: images after their parents, packages after those in their `without`. Finds circles.

use std::collections::BTreeMap;

use super::scalars::Word;
use crate::util::toml::{At, Issue};

/// The numbers `0..count` with everything that `needs` names before what needs it, otherwise as they were.
///
/// # Errors
/// A circle: each needs the next one, and the last the first.
pub(crate) fn ordered<'n>(count: usize, needs: impl Fn(usize) -> &'n [usize]) -> Result<Vec<usize>, Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; count];
    let mut order = Vec::with_capacity(count);
    for start in 0..count {
        // The way down from `start`: a node, and how many of its needs were looked at.
        let mut way = vec![(start, 0)];
        while let Some((node, seen)) = way.pop() {
            match needs(node).get(seen) {
                _ if states[node] == State::Done => {}
                Some(&next) => {
                    states[node] = State::Open;
                    way.push((node, seen + 1));
                    if states[next] == State::Open {
                        let nodes: Vec<usize> = way.iter().map(|(node, _)| *node).collect();
                        let first = nodes.iter().position(|node| *node == next).unwrap_or_default();
                        return Err(nodes[first..].to_vec());
                    }
                    way.push((next, 0));
                }
                None => {
                    states[node] = State::Done;
                    order.push(node);
                }
            }
        }
    }
    Ok(order)
}

/// The places of names; of two equal ones, which are an error anyway, the first.
pub(crate) fn numbers<'n, T: Word + 'n>(
    names: impl DoubleEndedIterator<Item = Option<&'n T>> + ExactSizeIterator,
) -> BTreeMap<&'n str, usize> {
    names.enumerate().rev().filter_map(|(number, name)| Some((name?.word(), number))).collect()
}

/// A circle, shown at each of its steps: who needs whom.
pub(crate) fn circle_issue<'s, T: Word + 's>(
    what: &str,
    relation: &str,
    steps: impl Iterator<Item = (&'s str, &'s At<T>)>,
) -> Issue {
    let mut steps = steps.map(|(who, whom)| (&whom.span, format!("`{who}` {relation} `{}`", whom.value.word())));
    let (span, label) = steps.next().unwrap_or((&(0..0), String::new()));
    let issue = Issue::new(span, what).relational().label(label).help("take one of these out");
    steps.fold(issue, |issue, (span, label)| issue.also(span, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(edges: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
        ordered(edges.len(), |node| &edges[node])
    }

    #[test]
    fn needs_come_first_and_the_rest_stays() {
        assert_eq!(order(&[vec![], vec![0], vec![0], vec![2]]), Ok(vec![0, 1, 2, 3]));
        assert_eq!(order(&[vec![2], vec![], vec![1]]), Ok(vec![1, 2, 0]));
        assert_eq!(order(&[vec![1, 2], vec![2], vec![]]), Ok(vec![2, 1, 0]));
    }

    #[test]
    fn circles_are_named() {
        assert_eq!(order(&[vec![0]]), Err(vec![0]));
        assert_eq!(order(&[vec![], vec![2], vec![3], vec![1]]), Err(vec![1, 2, 3]));
        assert_eq!(order(&[vec![1], vec![2], vec![1]]), Err(vec![1, 2]));
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let edges: Vec<Vec<usize>> =
            (0..100_000).map(|node| if node < 99_999 { vec![node + 1] } else { vec![] }).collect();
        assert_eq!(order(&edges).map(|order| order[0]), Ok(99_999));
    }
}
