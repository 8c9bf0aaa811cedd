package lib.text

is_empty(x) if x == ""
