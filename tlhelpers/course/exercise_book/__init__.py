"""Right answers, known mistakes and hints of every lesson's exercises, open to everyone."""
