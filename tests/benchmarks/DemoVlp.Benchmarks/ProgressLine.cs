namespace DemoVlp.Benchmarks;

/// <summary>How far something is, on standard error: a line for each tenth.</summary>
internal sealed class ProgressLine(string what, int total)
{
    private readonly Lock guard = new();
    private int done;

    /// <summary>One more is done.</summary>
    internal void Done()
    {
        lock (guard)
        {
            var before = done++ * 10 / total;
            if (done * 10 / total > before) Console.Error.WriteLine($"{what}: {done} of {total}");
        }
    }
}
