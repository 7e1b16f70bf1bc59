"""The ancestor's plots, drawn with matplotlib; nothing here is imported before a plot is drawn.

Every plot is a function of a result that yields pictures, one or one a layer, or raises `CannotDraw` with the reason.
`catalogue` lists them by the names that users type.
"""
