//! The report as one page: style and pictures are in it, and it asks nobody for anything.

use std::fmt::Write as _;

use super::{CAVEAT, plot, verdict};
use crate::findings::{Findings, Profile, Row, Section, Table};

const STYLE: &str = include_str!("page.css");

/// All of it.
pub(super) fn page(findings: &Findings, machine: &str) -> anyhow::Result<String> {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Kith, measured</title><style>{STYLE}</style></head><body><main>\n<h1>Kith, measured</h1>\n<p>{}. {CAVEAT}</p>\n",
        escape(machine)
    );
    summary(&mut html, &findings.sections)?;
    for section in &findings.sections {
        self::section(&mut html, section)?;
    }
    html.push_str("</main></body></html>\n");
    Ok(html)
}

fn summary(html: &mut String, sections: &[Section]) -> anyhow::Result<()> {
    let is_aimed = |section: &&Section| section.rows.iter().any(|row| row.aim.is_some());
    if !sections.iter().any(|section| is_aimed(&section)) {
        return Ok(());
    }
    writeln!(html, "<h2>Aims</h2>\n<table>{}", head(true))?;
    for section in sections.iter().filter(is_aimed) {
        writeln!(
            html,
            "<tbody><tr><th colspan=\"4\"><a href=\"#{}\">{}</a></th></tr>",
            section.id,
            escape(&section.title)
        )?;
        for row in section.rows.iter().filter(|row| row.aim.is_some()) {
            self::row(html, row, true)?;
        }
        html.push_str("</tbody>\n");
    }
    html.push_str("</table>\n");
    Ok(())
}

fn section(html: &mut String, section: &Section) -> anyhow::Result<()> {
    writeln!(
        html,
        "<section id=\"{}\"><h2>{}</h2>\n<p>{} <small>{}</small></p>",
        section.id,
        escape(&section.title),
        escape(&section.about),
        escape(&section.taken)
    )?;
    for picture in &section.plots {
        writeln!(html, "<figure>{}</figure>", plot::draw(picture)?)?;
    }
    if !section.rows.is_empty() {
        let has_aims = section.rows.iter().any(|row| row.aim.is_some());
        writeln!(html, "<table>{}<tbody>", head(has_aims))?;
        for row in &section.rows {
            self::row(html, row, has_aims)?;
        }
        html.push_str("</tbody></table>\n");
    }
    for note in &section.notes {
        writeln!(html, "<p>{}</p>", escape(note))?;
    }
    for table in &section.tables {
        self::table(html, table)?;
    }
    if let Some(profile) = &section.profile {
        self::profile(html, profile)?;
    }
    html.push_str("</section>\n");
    Ok(())
}

/// Columns that would be empty are left out.
fn head(has_aims: bool) -> &'static str {
    if has_aims {
        "<thead><tr><th>what</th><th class=\"number\">figure</th><th>aim</th><th>met</th></tr></thead>"
    } else {
        "<thead><tr><th>what</th><th class=\"number\">figure</th></tr></thead>"
    }
}

fn row(html: &mut String, row: &Row, has_aims: bool) -> anyhow::Result<()> {
    write!(
        html,
        "<tr><td>{}</td><td class=\"number\">{}</td>",
        escape(&row.what),
        escape(&row.figure)
    )?;
    if has_aims {
        let (aim, met) = verdict(row);
        write!(
            html,
            "<td class=\"aim\">{}</td><td class=\"{}\">{met}</td>",
            escape(aim),
            met.to_lowercase()
        )?;
    }
    html.push_str("</tr>\n");
    Ok(())
}

fn table(html: &mut String, table: &Table) -> anyhow::Result<()> {
    writeln!(
        html,
        "<details><summary>{}</summary><table><thead>",
        escape(&table.title)
    )?;
    cells(html, "th", &table.head)?;
    html.push_str("</thead><tbody>\n");
    for row in &table.rows {
        cells(html, "td", row)?;
    }
    html.push_str("</tbody></table></details>\n");
    Ok(())
}

fn cells(html: &mut String, element: &str, cells: &[String]) -> anyhow::Result<()> {
    html.push_str("<tr>");
    for cell in cells {
        write!(html, "<{element}>{}</{element}>", escape(cell))?;
    }
    html.push_str("</tr>\n");
    Ok(())
}

fn profile(html: &mut String, profile: &Profile) -> anyhow::Result<()> {
    html.push_str(
        "<details><summary>Where the time goes, by samples of the whole machine</summary>\n<p>",
    );
    for (share, process) in &profile.processes {
        write!(html, "{} {share:.0} %&emsp;", escape(process))?;
    }
    html.push_str("</p><table class=\"narrow\"><thead><tr><th class=\"number\">share</th><th>process</th><th>function</th></tr></thead><tbody>\n");
    for (share, process, function) in &profile.functions {
        writeln!(
            html,
            "<tr><td class=\"number\">{share:.1} %</td><td>{}</td><td><code>{}</code></td></tr>",
            escape(process),
            escape(function)
        )?;
    }
    html.push_str("</tbody></table></details>\n");
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{Bar, Kind, Line, Plot};

    #[test]
    fn a_page_holds_everything_and_asks_nobody() {
        let mut findings = Findings::default();
        findings.add(Section {
            id: "sends".to_owned(),
            title: "Rooms <of> 10".to_owned(),
            rows: vec![
                Row::least("messages", 21_000.0, "/s", 20_000.0),
                Row::of("p50", 1.0, "ms"),
            ],
            plots: vec![
                Plot::Bars {
                    title: "Messages".to_owned(),
                    unit: "messages/s".to_owned(),
                    bars: vec![
                        Bar::of("Kith", Kind::Kith, 21_000.0),
                        Bar::of("none", Kind::Limit, 0.0),
                    ],
                },
                Plot::Lines {
                    title: "Time".to_owned(),
                    over: "people".to_owned(),
                    unit: "ms".to_owned(),
                    lines: vec![Line {
                        name: "page".to_owned(),
                        points: vec![(10.0, 1.0), (1_000.0, 1.1)],
                    }],
                },
            ],
            ..Section::default()
        });

        let page = page(&findings, "a machine").unwrap();

        assert!(page.contains("Rooms &lt;of&gt; 10"));
        assert_eq!(page.matches("<svg").count(), 2);
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http"), "the page points outside");
    }
}
