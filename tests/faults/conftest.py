"""What the tests of faults share: the stack of the API tests, behind fault proxies."""
import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]
# Its name is that of this file: it gets another one.
spec = importlib.util.spec_from_file_location("api_conftest", HERE.parent / "api/conftest.py")
api_conftest = importlib.util.module_from_spec(spec)
sys.modules["api_conftest"] = api_conftest
spec.loader.exec_module(api_conftest)
helpers = api_conftest.helpers
pytest_runtest_makereport = api_conftest.pytest_runtest_makereport


@pytest.fixture(scope="module")
def hurt():
    """A stack whose connections lead through fault proxies."""
    from hurt import Hurt
    stack = Hurt()
    yield stack
    stack.close()
