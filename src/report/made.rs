//! The closing table: what a verb made, how big it is, what it is called by content, how long it took. Pure.

use std::time::Duration;

use super::{
    style::{Paint, Style},
    table::{Cell, Column, Table},
    text::{self, push_line},
    units,
};
use crate::event::{Made, MadeKind};

/// How many digits of a digest are shown.
const DIGEST: usize = 12;

/// Names are not cut to fewer columns.
const NARROWEST: usize = 24;

/// The closing table for people. `title` is the project and its release, where known.
pub(crate) fn render(title: &str, items: &[Made], took: Duration, style: &Style) -> String {
    let mut platforms: Vec<&str> = vec![];
    for item in items {
        if !platforms.contains(&item.platform.as_str()) {
            platforms.push(&item.platform);
        }
    }
    let whom = match platforms.as_slice() {
        [one] => (*one).to_owned(),
        several => units::count(several.len(), "platform", "platforms"),
    };
    let headline = if title.is_empty() { whom } else { format!("{title} for {whom}") };
    let mut out = String::new();
    if !items.is_empty() {
        push_line(&mut out, &style.paint(Paint::Bold, &headline));
        out.push_str(&table(items, &platforms, style).render(style));
        if platforms.len() > 1 {
            out.push('\n');
        }
    }
    push_line(&mut out, &summary(items, took));
    out
}

/// One section for each platform, where there are several.
fn table(items: &[Made], platforms: &[&str], style: &Style) -> Table {
    // Behind the longest word for a kind.
    let kinds = items.iter().map(|item| text::width(&item.kind.to_string())).max().unwrap_or_default();
    let room = style.width.saturating_sub(kinds + 2).max(NARROWEST);
    let mut table = Table::new(vec![
        Column::left("kind"),
        Column::flowing("name"),
        Column::right("size"),
        Column::left("digest"),
        Column::right("time"),
    ]);
    for platform in platforms {
        if platforms.len() > 1 {
            table.section(*platform);
        }
        for item in items.iter().filter(|item| item.platform == *platform) {
            table.row(row(item, room));
        }
    }
    table
}

fn row(item: &Made, room: usize) -> Vec<Cell> {
    let time = item.took_ms.map_or_else(
        || {
            Cell::new(
                if matches!(item.kind, MadeKind::Pushed | MadeKind::Fetched) { "there" } else { "cached" },
                Paint::Dim,
            )
        },
        |millis| Cell::from(units::time(Duration::from_millis(millis))),
    );
    vec![
        item.kind.to_string().into(),
        text::cut_in_the_middle(&item.name, room).into_owned().into(),
        units::size(item.size).into(),
        Cell::new(short(&item.digest), Paint::Dim),
        time,
    ]
}

/// The first digits of a digest, without its algorithm.
fn short(digest: &str) -> String {
    digest.rsplit(':').next().unwrap_or_default().chars().take(DIGEST).collect()
}

/// `9 made, 2 pushed, 3 from cache, 2m 41s`.
fn summary(items: &[Made], took: Duration) -> String {
    let cached = items.iter().filter(|item| item.took_ms.is_none()).count();
    let pushed = items.iter().filter(|item| item.took_ms.is_some() && item.kind == MadeKind::Pushed).count();
    let fetched = items.iter().filter(|item| item.took_ms.is_some() && item.kind == MadeKind::Fetched).count();
    let made = items.len() - cached - pushed - fetched;
    let all = if cached == items.len() { "all " } else { "" };
    let counts = [(made, "", "made"), (pushed, "", "pushed"), (fetched, "", "fetched"), (cached, all, there(items))];
    let mut parts: Vec<_> =
        counts.iter().filter(|part| part.0 > 0).map(|(count, all, what)| format!("{all}{count} {what}")).collect();
    if items.is_empty() {
        parts.push("nothing made".to_owned());
    }
    parts.push(units::time(took));
    parts.join(", ")
}

/// How what had not to be made is called: what is pushed or fetched is there, not cached.
fn there(items: &[Made]) -> &'static str {
    let moved = |item: &Made| matches!(item.kind, MadeKind::Pushed | MadeKind::Fetched);
    if items.iter().all(moved) { "there already" } else { "from cache" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: MadeKind, platform: &str, name: &str, size: u64, took_ms: Option<u64>) -> Made {
        let digest = format!("sha256:{:x}", u128::from(size) * 0x9e37_79b9_7f4a_7c15_f39c_c060);
        Made { kind, platform: platform.to_owned(), name: name.to_owned(), size, digest, took_ms }
    }

    fn items(platform: &str) -> Vec<Made> {
        let image = |name: &str| format!("canopsis/canopsis-{name}:{platform}-2.5.11");
        let deb = format!("packages/{platform}/canopsis-core_2.5.11-1~deb12_amd64.deb");
        vec![
            item(MadeKind::Wheels, platform, &format!("wheels/{platform}/core"), 31_234_567, None),
            item(MadeKind::Image, platform, &image("core"), 312_400_000, Some(161_000)),
            item(MadeKind::Image, platform, &image("cat"), 1_204_000_000, Some(12_300)),
            item(MadeKind::Image, platform, &image("cat-prov"), 1_304_000_000, Some(3_725_000)),
            item(MadeKind::Pushed, platform, &image("cat-prov"), 1_304_000_000, Some(380)),
            item(MadeKind::Package, platform, &deb, 98_700_000, Some(9_000)),
        ]
    }

    #[test]
    fn one_platform_in_80_columns() {
        let text = render("canopsis 2.5.11", &items("debian-12"), Duration::from_secs(161), &Style::plain(80));
        assert!(text.lines().all(|line| super::super::text::width(line) <= 80), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn names_longer_than_a_line_are_cut_in_the_middle() {
        let name = format!("packages/debian-12/{}_2.5.11~rc1.preview.2-1~deb12_amd64.deb", "a-long-name-".repeat(6));
        let items = [item(MadeKind::Package, "debian-12", &name, 98_700_000, Some(9_000))];
        let text = render("canopsis 2.5.11", &items, Duration::from_secs(9), &Style::plain(80));
        assert!(text.lines().all(|line| super::super::text::width(line) <= 80), "{text}");
        let digest = short(&items[0].digest);
        assert!(text.contains("packages/debian-12/a-long-name-") && text.contains(&digest), "{text}");
        assert!(text.contains("~deb12_amd64.deb\n") && text.contains("..."), "{text}");
    }

    #[test]
    fn images_alone_take_one_line_each() {
        let images = &items("debian-12")[..5];
        insta::assert_snapshot!(render("canopsis 2.5.11", images, Duration::from_secs(161), &Style::plain(80)));
    }

    #[test]
    fn several_platforms() {
        let mut all = items("centos-7");
        all.extend(items("debian-12"));
        all.swap(1, 6);
        insta::assert_snapshot!(render("canopsis 2.5.11", &all, Duration::from_secs(3800), &Style::plain(120)));
    }

    #[test]
    fn last_lines() {
        let cached: Vec<_> = items("debian-12").into_iter().map(|item| Made { took_ms: None, ..item }).collect();
        assert_eq!(summary(&cached, Duration::from_millis(380)), "all 6 from cache, 0.4 s");
        assert_eq!(render("x", &[], Duration::ZERO, &Style::plain(80)), "nothing made, 0.0 s\n");
    }
}
