"""The peer's side of `bench_global`, run in .venv-peers: serve one model of the shipped bundle, or explain rows with shap.

python peer_explainerdashboard.py serve PORT CASE      explainerdashboard, until it is stopped
python peer_explainerdashboard.py shap CASE OUT.npy    process-CPU seconds of shap for every model, values into OUT
"""

import json
import sys
import time
import warnings
from importlib.metadata import version

import joblib
import numpy as np
import pandas as pd


def serve(port: str, case: str) -> None:
    """Build the explainer with its defaults and serve it on 127.0.0.1."""
    from explainerdashboard import ClassifierExplainer, ExplainerDashboard

    made = joblib.load(case)
    # Plain arrays travel between versions of pandas; the peer's names must be free of dots and blanks.
    X = pd.DataFrame(made["X"], columns=[f"f{i}" for i in range(made["X"].shape[1])])
    y = pd.Series(made["y"].astype(int))
    # Log-odds, as on our side: probabilities would need a background and take far longer.
    explainer = ClassifierExplainer(
        made["models"][0], X, y, labels=["no response", "response"], model_output="logodds"
    )
    dashboard = ExplainerDashboard(explainer, title="One therapy", mode="dash")
    dashboard.run(port=int(port), host="127.0.0.1", use_waitress=True)


def explain(case: str, out: str) -> None:
    """Explain the rows by every model, after one call each that does not count."""
    import shap

    made = joblib.load(case)
    rows = made["rows"]
    explainers = [shap.TreeExplainer(m) for m in made["models"]]
    for explainer in explainers:
        explainer.shap_values(rows[:16])
    begun = time.process_time()
    values = [explainer.shap_values(rows) for explainer in explainers]
    seconds = time.process_time() - begun
    np.save(out, np.array(values))
    print(json.dumps({"seconds": seconds, "version": version("shap")}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"serve": serve, "shap": explain}[sys.argv[1]](*sys.argv[2:])
