// Training seeds libtorch's generator, of which a process has one: two trainers at once would not repeat each other's numbers.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
