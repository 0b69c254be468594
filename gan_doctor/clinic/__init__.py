"""The benchmark that measures the doctor: cases, instruments of its own, grading and treatment."""
