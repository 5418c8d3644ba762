"""What happens once per process: load what every page needs while the browser loads, paint, then load the rest.

Last the garbage collector is frozen.
"""

import gc
import logging
import threading
import time
from collections.abc import Iterable
from importlib import import_module

log = logging.getLogger(__name__)

# Loaded by name and never called from here: each library is used behind its own door, and only when a page asks.
NEEDED = ("pages.parts.session", "oncology.bundles", "sklearn.ensemble", "skops.io")
HEAVY = ("explainers.local", "explainers.charts")
# Models that the tree engine has no exact form for need these; they take longer to load than all the rest.
SELDOM = ("shap", "lime.lime_tabular")
SECONDS_FOR_THE_FIRST_PAINT = 1.0
SECONDS_FOR_THE_FIRST_VIEWS = 15.0

# Set once nothing more is loaded ahead: what else can be done in the background waits for it.
warmed = threading.Event()
_lock = threading.Lock()
_started = False


def load_ahead() -> threading.Thread:
    """Start to load what every page needs; return the thread that does it."""
    thread = threading.Thread(target=load, args=(NEEDED,), name="load-ahead", daemon=True)
    thread.start()
    return thread


def warm_up_after_first_page() -> None:
    """Start the warm-up in the background the first time any page has been run; later calls do nothing."""
    global _started
    with _lock:
        if _started:
            return
        _started = True
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()


def warm_up() -> None:
    """Import the heavy libraries and ready the tree engine, then take everything alive from the garbage collector.

    What few models need comes last, once the first views are drawn: all of it shares one processor with them.
    Streamlit runs a full collection after every run of a script: 128 ms with the scientific stack loaded,
    next to nothing once that stack is frozen.
    """
    freeze()
    time.sleep(SECONDS_FOR_THE_FIRST_PAINT)
    load(HEAVY)
    ready_the_engine()
    freeze()
    warmed.set()
    time.sleep(SECONDS_FOR_THE_FIRST_VIEWS)
    load(SELDOM)
    freeze()


def ready_the_engine() -> None:
    """Load the compiled kernels of the tree engine, so that no click waits for them.

    `make run` has compiled them and kept them on disk; where it has not, they are compiled here, which takes a minute
    or two beside the pages. A failure costs speed only, so it is named in the log and nowhere else.
    """
    try:
        from explainers.trees.warming import warm_everything

        seconds = warm_everything()
    except (ImportError, OSError, RuntimeError) as error:
        log.warning("The tree engine could not be made ready ahead of time: %s", error)
        return
    log.info("The tree engine was made ready in %.1f s", seconds)


def load(names: Iterable[str]) -> None:
    """Import each; one that fails is named in the log, and will speak for itself where a page needs it."""
    for name in names:
        try:
            import_module(name)
        except ImportError as error:
            log.warning("%s could not be loaded ahead of time: %s", name, error)


def freeze() -> None:
    """Collect once, then exempt what is left from every later collection."""
    gc.collect()
    gc.freeze()
