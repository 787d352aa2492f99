"""What lets a widget keep its keys in JupyterLab, and tells a screen reader what its parts are."""

from __future__ import annotations


def keep_keys(of_class: str) -> str:
    """A line of HTML for a widget of that class, to be put inside of it.

    JupyterLab takes keys in a widget for commands of the notebook: "b" would make a cell, and an
    arrow would leave the widget. This marks whatever gets the focus, which keeps the keys. It names
    radio buttons and fields by the question above them and sliders by the word before them, with
    what they show as their value; and what has the class ``tl-said`` is read out when it changes.
    Where no such script runs, Tab, Space and the arrows serve all the same.
    """
    return f"""
<img alt="" style="display:none"
 src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA7"
 onload="const keep = () => {{
   const all = this.closest('.{of_class}');
   if (!all) {{ setTimeout(keep, 200); return; }}
   if (all.dataset.keys) {{ return; }}
   all.dataset.keys = 'kept';
   const name = () => {{
     all.querySelectorAll('.widget-radio').forEach(group => {{
       group.setAttribute('role', 'radiogroup');
       const asked = group.parentElement.querySelector('.tl-asked');
       if (asked) {{ group.setAttribute('aria-label', asked.textContent); }}
     }});
     all.querySelectorAll('.widget-text input, .widget-dropdown select').forEach(field => {{
       const asked = field.closest('.widget-vbox')?.querySelector('.tl-asked');
       const word = field.closest('.widget-inline-hbox').querySelector('.widget-label');
       const unit = word ? word.textContent : '';
       if (asked) {{ field.setAttribute('aria-label', (asked.textContent + ' ' + unit).trim()); }}
     }});
     all.querySelectorAll('.noUi-handle').forEach(handle => {{
       const slider = handle.closest('.widget-inline-hbox');
       const word = slider.querySelector('.widget-label');
       const value = slider.querySelector('.widget-readout');
       if (word) {{ handle.setAttribute('aria-label', word.textContent); }}
       if (value) {{ handle.setAttribute('aria-valuetext', value.textContent); }}
     }});
     all.querySelectorAll('.tl-said').forEach(said => said.setAttribute('role', 'status'));
   }};
   name();
   new MutationObserver(name).observe(all, {{childList: true, subtree: true}});
   all.addEventListener('focusin', event =>
     event.target.setAttribute('data-lm-suppress-shortcuts', 'true'));
 }}; keep();">
"""
