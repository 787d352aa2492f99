"""Questions for the quiz at each lesson's end, with a hint for each wrong answer."""
