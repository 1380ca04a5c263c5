using DemoVlp.Artifacts;
using DemoVlp.Contracts.Text;
using DemoVlp.Messaging;
using DemoVlp.Training.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Runs;

/// <summary>Enters the word pieces of a run's captions; the corpus has the run's id. The first answer counts.</summary>
internal sealed class TrackCorpusConsumer(TrainingDbContext database, IArtifactStore artifacts) : IConsumer<CorpusTokenized>
{
    public async Task Consume(ConsumeContext<CorpusTokenized> context)
    {
        var answer = context.Message;
        await database.Runs.Where(r => r.Id == answer.CorpusId && r.Corpus == null)
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.Corpus, answer).SetProperty(r => r.Version, r => r.Version + 1), context.CancellationToken);
        // An answer to a run that has ended meanwhile: nobody else would remove it.
        if (await database.Runs.AnyAsync(r => r.Id == answer.CorpusId && r.EndedAt != null, context.CancellationToken)) artifacts.Delete(RunArtifacts.Corpus(answer.CorpusId));
    }
}

/// <summary>Where TextTokenization's answers arrive.</summary>
internal sealed class TrackCorpusDefinition : ConsumerDefinition<TrackCorpusConsumer>
{
    public TrackCorpusDefinition() => EndpointName = QueueNames.TrainingTrackCorpus;
}
