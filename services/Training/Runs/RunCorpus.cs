using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Text;
using DemoVlp.Training.Data;
using DemoVlp.Training.Fitting;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Runs;

/// <summary>Has a run's captions or questions tokenised by TextTokenization: asks over the bus, again now and then, until the answer is in the run's row.</summary>
internal sealed class RunCorpus(TrainingDbContext database, IArtifactStore artifacts, IBus bus)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250), Repeat = TimeSpan.FromSeconds(15);

    /// <summary>The texts as word pieces of the base model.</summary>
    /// <exception cref="RunFailedException">TextTokenization said that it cannot be done; with its code.</exception>
    public async Task<CorpusTokens> GetAsync(RunRow run, ModelRow model, ArtifactRef corpus, int texts, int maxLength, CancellationToken cancellationToken)
    {
        var request = new TokenizeCorpus { CorpusId = run.Id, ModelVersion = model.Version, ModelDirectory = model.Directory, Texts = corpus, MaxLength = maxLength };
        for (var waited = Repeat; ; waited += Look)
        {
            if (await database.Runs.AsNoTracking().Where(r => r.Id == run.Id).Select(r => r.Corpus).SingleAsync(cancellationToken) is { } answer)
            {
                return answer.Tokens is { } tokens
                    ? CorpusTokens.Read(await artifacts.ReadAsync(tokens, cancellationToken), texts)
                    : throw new RunFailedException(answer.FailureCode ?? "tokenization-failed", answer.FailureDetail ?? "The texts could not be turned into word pieces.");
            }
            if (waited >= Repeat)
            {
                await bus.Publish(request, cancellationToken);
                waited = TimeSpan.Zero;
            }
            await Task.Delay(Look, cancellationToken);
        }
    }
}
