"""Charts as inline SVG, a file a kind: small, coloured by the page's style sheet, and readable without a picture.

Each takes plain numbers and returns markup whose ``<title>`` and ``<desc>`` say what is drawn. A chart is 400 units
wide, so that text keeps its size on a telephone and several stand side by side on a wide screen. Colours are classes,
which the style sheet gives their meaning: `spiking`, `analog`, and a part of the error budget each.
"""
