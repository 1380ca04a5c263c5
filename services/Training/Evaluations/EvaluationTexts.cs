using System.Text;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Text;
using DemoVlp.Messaging;
using DemoVlp.Training.Data;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Runs;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Evaluations;

/// <summary>Has an evaluation's texts tokenised by TextTokenization with the vocabulary of the model that is measured: asks over the bus, again now and then, until the answer is in the evaluation's row.</summary>
internal sealed class EvaluationTexts(TrainingDbContext database, IArtifactStore artifacts, IBus bus)
{
    private const int Longest = 2000;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250), Repeat = TimeSpan.FromSeconds(15);

    /// <summary>The texts as word pieces, in their order.</summary>
    /// <exception cref="RunFailedException">TextTokenization said that it cannot be done; with its code.</exception>
    public async Task<CorpusTokens> TokenizeAsync(EvaluationRow evaluation, ModelRow model, IReadOnlyList<string> texts, int maxLength, CancellationToken cancellationToken)
    {
        var lines = Encoding.UTF8.GetBytes(string.Concat(texts.Select(t => OneLine(t) + "\n")));
        var written = await artifacts.WriteAsync(TextsKey(evaluation.Id), "text/plain", (target, token) => target.WriteAsync(lines, token).AsTask(), cancellationToken);
        // An answer to an earlier attempt may be about other texts.
        await database.Evaluations.Where(e => e.Id == evaluation.Id && e.LeaseOwner == evaluation.LeaseOwner).ExecuteUpdateAsync(set => set.SetProperty(e => e.Corpus, (CorpusTokenized?)null), cancellationToken);
        var request = new TokenizeCorpus { CorpusId = evaluation.Id, ModelVersion = model.Version, ModelDirectory = model.Directory, Texts = written, MaxLength = maxLength };
        for (var waited = Repeat; ; waited += Look)
        {
            if (waited >= Repeat)
            {
                await bus.Publish(request, cancellationToken);
                waited = TimeSpan.Zero;
            }
            if (await database.Evaluations.AsNoTracking().Where(e => e.Id == evaluation.Id).Select(e => e.Corpus).SingleAsync(cancellationToken) is { } answer)
            {
                return answer.Tokens is { } tokens
                    ? CorpusTokens.Read(await artifacts.ReadAsync(tokens, cancellationToken), texts.Count)
                    : throw new RunFailedException(answer.FailureCode ?? "tokenization-failed", answer.FailureDetail ?? "The texts could not be turned into word pieces.");
            }
            await Task.Delay(Look, cancellationToken);
        }
    }

    /// <summary>Removes the texts in every form.</summary>
    public void Delete(Guid id)
    {
        artifacts.Delete(TextsKey(id));
        artifacts.Delete(RunArtifacts.Corpus(id));
    }

    private static string TextsKey(Guid id) => $"evaluations/{id:n}/texts.txt";

    // A line break within a text would be a text more.
    private static string OneLine(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= Longest ? line : line[..Longest];
    }
}

/// <summary>Enters the word pieces of an evaluation's texts; the corpus has the evaluation's id.</summary>
internal sealed class TrackEvaluationTextsConsumer(TrainingDbContext database, EvaluationTexts texts) : IConsumer<CorpusTokenized>
{
    public async Task Consume(ConsumeContext<CorpusTokenized> context)
    {
        var answer = context.Message;
        await database.Evaluations.Where(e => e.Id == answer.CorpusId && e.Corpus == null)
            .ExecuteUpdateAsync(set => set.SetProperty(e => e.Corpus, answer), context.CancellationToken);
        // An answer to an evaluation that has ended meanwhile: nobody else would remove it.
        if (await database.Evaluations.AnyAsync(e => e.Id == answer.CorpusId && e.EndedAt != null, context.CancellationToken)) texts.Delete(answer.CorpusId);
    }
}

/// <summary>Where TextTokenization's answers arrive.</summary>
internal sealed class TrackEvaluationTextsDefinition : ConsumerDefinition<TrackEvaluationTextsConsumer>
{
    public TrackEvaluationTextsDefinition() => EndpointName = QueueNames.TrainingTrackEvaluation;
}
