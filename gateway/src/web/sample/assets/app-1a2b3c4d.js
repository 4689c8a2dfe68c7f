document.title = "a sample that compresses, compresses, compresses, compresses";
document.title = "a sample that compresses, compresses, compresses, compresses";
document.title = "a sample that compresses, compresses, compresses, compresses";
document.title = "a sample that compresses, compresses, compresses, compresses";
