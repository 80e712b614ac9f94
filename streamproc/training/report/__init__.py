"""Reports that people read: one HTML file, English and Russian, light and dark, without network."""

from streamproc.training.report.evaluated import write_evaluation_report
from streamproc.training.report.learned import LearnEvidence, write_learn_report

__all__ = ["LearnEvidence", "write_evaluation_report", "write_learn_report"]
