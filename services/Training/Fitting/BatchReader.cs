using System.Threading.Channels;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Training;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Fitting;

/// <summary>An example as it is learnt from or measured on.</summary>
/// <param name="Frames">The clip's frames.</param>
/// <param name="TokenIds">The text's word pieces.</param>
/// <param name="Answer">The right answer, for a question.</param>
/// <param name="Choice">Multiple choice to learn from, or to measure on, besides.</param>
internal sealed record Sample(IReadOnlyList<FrameRegions> Frames, IReadOnlyList<int> TokenIds, string? Answer, SentenceChoice? Choice = null);

/// <summary>Reads the batches of the coming steps while the present one is computed.</summary>
internal sealed class BatchReader : IAsyncDisposable
{
    private const int Ahead = 2;

    private readonly Channel<IReadOnlyList<Sample>> batches = Channel.CreateBounded<IReadOnlyList<Sample>>(Ahead);
    private readonly CancellationTokenSource ended = new();
    private readonly Task reading;

    /// <summary>Begins to read from a step on.</summary>
    /// <param name="examples">What the run learns from.</param>
    /// <param name="tokens">Word pieces of all texts.</param>
    /// <param name="plan">Which examples each step takes.</param>
    /// <param name="regions">Where region files come from.</param>
    /// <param name="firstStep">From 0.</param>
    public BatchReader(IReadOnlyList<Example> examples, CorpusTokens tokens, BatchPlan plan, RegionCache regions, int firstStep) =>
        reading = Task.Run(() => ReadAsync(examples, tokens, plan, regions, firstStep));

    /// <summary>Batches that have been read and not been asked for.</summary>
    internal int Waiting => batches.Reader.Count;

    /// <summary>The next step's batch, for the training thread: waits until it has been read.</summary>
    /// <exception cref="RunFailedException"><c>dataset-too-small</c>: fewer than two clips can still be read.</exception>
    public IReadOnlyList<Sample> Next(CancellationToken cancellationToken)
    {
        try
        {
            return batches.Reader.ReadAsync(cancellationToken).AsTask().GetAwaiter().GetResult();
        }
        catch (ChannelClosedException e) when (e.InnerException is { } cause)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await reading;
        ended.Dispose();
    }

    // The right sentence first, then some of the wrong ones: in each pass of another choice, or others of it.
    private static SentenceChoice? Choice(Example example, CorpusTokens tokens, BatchPlan plan, int step, int index)
    {
        if (example.Choices.Count == 0) return null;
        var (at, first) = (0, plan.Text(step, index, example.Choices.Sum(c => c.Count - 1)));
        while (first >= example.Choices[at].Count - 1) first -= example.Choices[at++].Count - 1;
        var choice = example.Choices[at];
        var wrong = choice.Count - 1;
        var misses = Enumerable.Range(0, Math.Min(Examples.NearMisses, wrong)).Select(i => (choice.Answer + 1 + (first + i) % wrong) % choice.Count);
        return new SentenceChoice([.. misses.Prepend(choice.Answer).Select(option => tokens[choice.First + option])], 0);
    }

    private async Task ReadAsync(IReadOnlyList<Example> examples, CorpusTokens tokens, BatchPlan plan, RegionCache regions, int firstStep)
    {
        try
        {
            for (var step = firstStep; step < plan.TotalSteps; step++)
            {
                var batch = new List<Sample>(plan.BatchSize);
                // The same list for all examples of a clip, whether or not the cache has room for it: by that the trainer knows what to encode once.
                var read = new Dictionary<string, IReadOnlyList<FrameRegions>?>(StringComparer.Ordinal);
                foreach (var index in plan.Candidates(step))
                {
                    var example = examples[index];
                    if (!read.TryGetValue(example.Clip.Id, out var frames)) read[example.Clip.Id] = frames = await regions.ReadAsync(example.Clip, ended.Token);
                    if (frames is null) continue;
                    batch.Add(new Sample(frames, tokens[example.FirstText + plan.Text(step, index, example.Texts)], example.Answer, Choice(example, tokens, plan, step, index)));
                    if (batch.Count == plan.BatchSize) break;
                }
                if (batch.Count < Examples.Fewest) throw new RunFailedException("dataset-too-small", "Fewer than two of the run's clips can still be read.");
                await batches.Writer.WriteAsync(batch, ended.Token);
            }
            batches.Writer.Complete();
        }
        catch (Exception e)
        {
            // Raised again where the batch is missed.
            batches.Writer.Complete(e);
        }
    }
}
