"""Okabe and Ito's palette, told apart by every kind of colour vision; line styles say it again."""

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
YELLOW, GREY = "#E69F00", "#666666"
