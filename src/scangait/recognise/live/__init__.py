"""Live: the streams of a darknet followed within a bound of memory, judged as `identify` judges them."""
