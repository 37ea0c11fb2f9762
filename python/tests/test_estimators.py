"""The estimators by scikit-learn's own checks, and against the algorithm that they promise to be near to."""

from __future__ import annotations

import pickle
import warnings

import cloister
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

ESTIMATORS = (cloister.EncryptedLogisticRegression, cloister.EncryptedLinearRegression, cloister.EncryptedRidge)


def _table(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    features = random.normal(size=(rows, 4)) * [1, 10, 0.1, 3] + [0, 5, 2, -1]
    target = features @ [1, 0.2, -4, 0.1] + random.normal(size=rows)
    return features, target


@pytest.mark.parametrize("mode", ["clear", "simulate"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_scikit_learns_checks_pass(estimator: type, mode: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of checks that are skipped where the machine lacks something
        results = check_estimator(estimator(mode=mode), on_fail=None)
    assert len(results) > 40
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []


def test_clear_mode_comes_near_to_the_fit() -> None:
    features, target = _table()
    labels = (target > np.median(target)).astype(int)
    ours = cloister.EncryptedLogisticRegression(mode="clear", iterations=60).fit(features, labels)
    fit = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10000).fit(
        StandardScaler().fit_transform(features), labels)
    np.testing.assert_allclose(ours.coef_ * ours.scale_, fit.coef_, atol=0.02)  # what 60 iterations leave
    assert ours.score(features, labels) > 0.8
    linear = cloister.EncryptedLinearRegression(mode="clear", iterations=40).fit(features, target)
    assert linear.score(features, target) > LinearRegression().fit(features, target).score(features, target) - 1e-6
    # Chebyshev's iteration leaves 2 ((sqrt k - 1) / (sqrt k + 1))^40 = 1e-12 of the way for k = (cap + ridge) / ridge,
    # where the cap is at most 4, the number of columns.
    rows = features.shape[0]
    ridge = cloister.EncryptedRidge(mode="clear", ridge=0.5, iterations=40).fit(features, target)
    scaled = StandardScaler().fit_transform(features)
    expected = Ridge(alpha=0.5 * rows, tol=1e-12).fit(scaled, target)
    np.testing.assert_allclose(ridge.coef_ * ridge.scale_, expected.coef_, rtol=1e-9)


def test_simulated_errors_are_as_large_as_the_bound() -> None:
    features, target = _table()
    clear = cloister.EncryptedLinearRegression(mode="clear").fit(features, target)
    made = [cloister.EncryptedLinearRegression(mode="simulate", max_error=0.01, random_state=s).fit(features, target)
            for s in (1, 1, 2)]
    spread = target.std()
    off = [np.linalg.norm((m.coef_ - clear.coef_) * m.scale_) / spread for m in made]
    bound = made[0].error_bound_
    assert bound == made[0].plan_.error_bound <= 0.01
    np.testing.assert_allclose(off, bound, rtol=1e-9)
    assert all((np.abs(m.coef_ - clear.coef_) <= m.coef_error_bound_ * (1 + 1e-9)).all() for m in made)
    np.testing.assert_array_equal(made[0].coef_, made[1].coef_)
    assert not np.array_equal(made[0].coef_, made[2].coef_)


def test_simulations_refuse_what_encryption_would() -> None:
    features, target = _table(60)
    with pytest.raises(cloister.OutOfRangeError):
        cloister.EncryptedLinearRegression(mode="simulate", max_error=1e-14).fit(features, target)
    cloister.EncryptedLinearRegression(mode="clear", max_error=1e-14).fit(features, target)


def test_a_plan_is_of_the_last_fit() -> None:
    features, target = _table(60)
    model = cloister.EncryptedLinearRegression(mode="simulate").fit(features, target)
    assert model.plan_.request["features"] == 4
    model.set_params(mode="clear").fit(features, target)
    assert not hasattr(model, "plan_") and model.error_bound_ == 0


def test_works_in_pipelines_and_cross_validation() -> None:
    features, target = _table()
    labels = np.where(target > np.median(target), "yes", "no")
    model = make_pipeline(StandardScaler(), cloister.EncryptedLogisticRegression(mode="simulate", random_state=1))
    assert cross_val_score(model, features, labels, cv=4).mean() > 0.75
    fitted = model.fit(features, labels)
    assert set(fitted.predict(features)) == {"yes", "no"}
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(features), fitted.predict_proba(features))


def test_names_what_is_wrong() -> None:
    features, target = _table()
    with pytest.raises(cloister.InvalidArgumentError, match="give encrypted, simulate or clear"):
        cloister.EncryptedLinearRegression(mode="secret").fit(features, target)
    for clip in (0, -1, np.inf, np.nan):
        with pytest.raises(cloister.InvalidArgumentError, match="clip is"):
            cloister.EncryptedLinearRegression(mode="clear", clip=clip).fit(features, target)
    with pytest.raises(cloister.InvalidArgumentError, match="spectrum_cap is 'none'"):
        cloister.EncryptedLinearRegression(mode="clear", spectrum_cap="none").fit(features, target)
    with pytest.raises(cloister.InvalidArgumentError, match="iterations"):
        cloister.EncryptedLinearRegression(mode="clear", iterations=-1).fit(features, target)
    with pytest.raises(ValueError, match="Only binary classification"):
        cloister.EncryptedLogisticRegression(mode="clear").fit(features, np.arange(400) % 3)
