"""What happens once per process: paint first, load the heavy libraries beside, then freeze the collector."""

import gc
import logging
import threading
import time
from importlib import import_module

log = logging.getLogger(__name__)

# Loaded by name and never called from here: each library is used behind its own door in explainers/, and only
# when a question is asked.
HEAVY = ("explainers.local", "explainers.charts", "shap", "lime.lime_tabular")
SECONDS_FOR_THE_FIRST_PAINT = 1.0

_lock = threading.Lock()
_started = False


def warm_up_after_first_page() -> None:
    """Start the warm-up in the background the first time any page has been run; later calls do nothing."""
    global _started
    with _lock:
        if _started:
            return
        _started = True
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()


def warm_up() -> None:
    """Import the heavy libraries, then move everything alive out of the garbage collector's sight.

    Streamlit runs a full collection after every run of a script: 128 ms with the scientific stack loaded,
    next to nothing once that stack is frozen.
    """
    freeze()
    time.sleep(SECONDS_FOR_THE_FIRST_PAINT)
    for name in HEAVY:
        try:
            import_module(name)
        except ImportError as error:
            log.warning("%s could not be loaded ahead of time: %s", name, error)
    freeze()


def freeze() -> None:
    """Collect once, then exempt what is left from every later collection."""
    gc.collect()
    gc.freeze()
