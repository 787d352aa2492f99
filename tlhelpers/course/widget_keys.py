"""What lets a widget keep its keys in JupyterLab, and tells a screen reader what a group asks."""

from __future__ import annotations


def keep_keys(of_class: str) -> str:
    """A line of HTML for a widget of that class, to be put inside of it.

    JupyterLab takes keys in a widget for commands of the notebook: "b" would make a cell, and an
    arrow would leave the widget. This marks whatever gets the focus, which keeps the keys; and it
    names the radio buttons by the question above them. Where no such script runs, Tab and Space
    serve all the same.
    """
    return f"""
<img alt="" style="display:none"
 src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA7"
 onload="const keep = () => {{
   const all = this.closest('.{of_class}');
   if (!all) {{ setTimeout(keep, 200); return; }}
   if (all.dataset.keys) {{ return; }}
   all.dataset.keys = 'kept';
   const name = () => all.querySelectorAll('.widget-radio').forEach(group => {{
     group.setAttribute('role', 'radiogroup');
     const asked = group.parentElement.querySelector('.tl-asked');
     if (asked) {{ group.setAttribute('aria-label', asked.textContent); }}
   }});
   name();
   all.addEventListener('focusin', event => {{
     event.target.setAttribute('data-lm-suppress-shortcuts', 'true');
     name();
   }});
 }}; keep();">
"""
