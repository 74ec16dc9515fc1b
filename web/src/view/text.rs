//! A text with what is marked in it. Text nodes only: nothing in it is ever markup.

use leptos::prelude::*;
use netchat_client::marks::{Block, Span, first_blocks};

use super::Ui;

/// Draws the first so many bytes of a text.
pub(super) fn draw(ui: Ui, text: &str, end: usize) -> AnyView {
    let is_name = |name: &str| ui.live.read(|store| store.is_known(name));
    let blocks = first_blocks(text, end, &is_name);
    blocks.into_iter().map(|block| draw_block(ui, block)).collect_view().into_any()
}

fn draw_block(ui: Ui, block: Block<'_>) -> AnyView {
    match block {
        Block::Paragraph(spans) => {
            view! { <p class="message__text">{draw_spans(ui, spans)}</p> }.into_any()
        }
        Block::Code(code) => {
            // One can scroll in it, so one can get to it.
            view! { <pre class="message__code" tabindex="0">{code.to_owned()}</pre> }.into_any()
        }
        Block::Quote(spans) => {
            view! { <blockquote class="message__quote">{draw_spans(ui, spans)}</blockquote> }
                .into_any()
        }
    }
}

fn draw_spans(ui: Ui, spans: Vec<Span<'_>>) -> AnyView {
    spans.into_iter().map(|span| draw_span(ui, span)).collect_view().into_any()
}

fn draw_span(ui: Ui, span: Span<'_>) -> AnyView {
    match span {
        Span::Text(text) => text.to_owned().into_any(),
        Span::Strong(inner) => view! { <strong>{draw_spans(ui, inner)}</strong> }.into_any(),
        Span::Emphasis(inner) => view! { <em>{draw_spans(ui, inner)}</em> }.into_any(),
        Span::Code(code) => view! { <code>{code.to_owned()}</code> }.into_any(),
        Span::Link(address) => view! {
            <a href=address.to_owned() target="_blank" rel="noopener noreferrer">
                {address.to_owned()}
            </a>
        }
        .into_any(),
        Span::Mention(name) => {
            let is_me =
                ui.live.read(|store| store.me.as_ref().is_some_and(|me| me.as_str() == name));
            view! {
                <span class="mention" class:mention--me=is_me>{format!("@{name}")}</span>
            }
            .into_any()
        }
    }
}
