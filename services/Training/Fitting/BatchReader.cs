using System.Threading.Channels;
using DemoVlp.Modeling.VideoLanguage.Training;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Fitting;

/// <summary>Reads the batches of the coming steps while the present one is computed.</summary>
internal sealed class BatchReader : IAsyncDisposable
{
    private const int Ahead = 2;

    private readonly Channel<IReadOnlyList<RetrievalSample>> batches = Channel.CreateBounded<IReadOnlyList<RetrievalSample>>(Ahead);
    private readonly CancellationTokenSource ended = new();
    private readonly Task reading;

    /// <summary>Begins to read from a step on.</summary>
    /// <param name="clips">The run's clips.</param>
    /// <param name="tokens">Their captions, clip after clip.</param>
    /// <param name="plan">Which clips each step takes.</param>
    /// <param name="regions">Where region files come from.</param>
    /// <param name="firstStep">From 0.</param>
    public BatchReader(IReadOnlyList<Clip> clips, CorpusTokens tokens, BatchPlan plan, RegionCache regions, int firstStep) =>
        reading = Task.Run(() => ReadAsync(clips, tokens, plan, regions, firstStep));

    /// <summary>The next step's batch, for the training thread: waits until it has been read.</summary>
    /// <exception cref="RunFailedException"><c>dataset-too-small</c>: fewer than two clips can still be read.</exception>
    public IReadOnlyList<RetrievalSample> Next(CancellationToken cancellationToken)
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

    private async Task ReadAsync(IReadOnlyList<Clip> clips, CorpusTokens tokens, BatchPlan plan, RegionCache regions, int firstStep)
    {
        // The first caption of each clip in the corpus.
        var firstCaption = new int[clips.Count];
        for (var i = 1; i < clips.Count; i++) firstCaption[i] = firstCaption[i - 1] + clips[i - 1].Captions.Count;
        try
        {
            for (var step = firstStep; step < plan.TotalSteps; step++)
            {
                var batch = new List<RetrievalSample>(plan.BatchSize);
                foreach (var index in plan.Candidates(step))
                {
                    if (await regions.ReadAsync(clips[index], ended.Token) is not { } frames) continue;
                    batch.Add(new RetrievalSample(frames, tokens[firstCaption[index] + plan.Caption(step, index, clips[index].Captions.Count)]));
                    if (batch.Count == plan.BatchSize) break;
                }
                if (batch.Count < LibraryDataset.FewestClips) throw new RunFailedException("dataset-too-small", "Fewer than two of the run's videos can still be read.");
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
