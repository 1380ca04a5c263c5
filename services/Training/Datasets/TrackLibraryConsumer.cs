using DemoVlp.Contracts.Videos;
using DemoVlp.Messaging;
using DemoVlp.Training.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Datasets;

/// <summary>
/// Keeps Training's picture of the uploaded videos. The events of a video may come in any order and more than once;
/// each writes only its own part, and a tombstone stays.
/// </summary>
internal sealed class TrackLibraryConsumer(TrainingDbContext database) : IConsumer<VideoDescribed>, IConsumer<RegionsExtracted>, IConsumer<VideoDeleted>
{
    // Longer ones are cut by the tokeniser anyway, and a corpus line should not be a book.
    private const int MaximumCaption = 2000;

    public async Task Consume(ConsumeContext<VideoDescribed> context)
    {
        var (video, revision, stop) = (context.Message.VideoId, context.Message.Revision, context.CancellationToken);
        var captions = context.Message.Captions.Select(OneLine).Where(c => c.Length > 0).Distinct(StringComparer.Ordinal).ToList();
        await EnsureAsync(video, stop);
        await database.Clips.Where(c => c.VideoId == video && !c.Deleted && c.Revision < revision)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.Revision, revision).SetProperty(c => c.Captions, captions).SetProperty(c => c.CaptionCount, captions.Count), stop);
    }

    public async Task Consume(ConsumeContext<RegionsExtracted> context)
    {
        if (context.Message.Dataset is not null) return;
        var (video, regions, stop) = (context.Message.VideoId, context.Message.Regions, context.CancellationToken);
        await EnsureAsync(video, stop);
        await database.Clips.Where(c => c.VideoId == video && !c.Deleted).ExecuteUpdateAsync(set => set.SetProperty(c => c.Regions, regions), stop);
    }

    public async Task Consume(ConsumeContext<VideoDeleted> context)
    {
        if (context.Message.Dataset is not null) return;
        var (video, stop) = (context.Message.VideoId, context.CancellationToken);
        await EnsureAsync(video, stop);
        await database.Clips.Where(c => c.VideoId == video).ExecuteUpdateAsync(set => set
            .SetProperty(c => c.Deleted, true).SetProperty(c => c.Captions, new List<string>()).SetProperty(c => c.CaptionCount, 0).SetProperty(c => c.Regions, (Contracts.ArtifactRef?)null), stop);
    }

    // A bare row first, then the update, which so finds its row whoever made it: several first events of a video may come at once.
    private async Task EnsureAsync(Guid video, CancellationToken cancellationToken)
    {
        if (await database.Clips.AnyAsync(c => c.VideoId == video, cancellationToken)) return;
        var clip = new ClipRow { VideoId = video };
        database.Clips.Add(clip);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException)
        {
            database.Entry(clip).State = EntityState.Detached;
            if (!await database.Clips.AnyAsync(c => c.VideoId == video, cancellationToken)) throw;
        }
        database.Entry(clip).State = EntityState.Detached;
    }

    private static string OneLine(string caption)
    {
        var line = string.Join(' ', caption.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= MaximumCaption ? line : line[..MaximumCaption];
    }
}

/// <summary>Where the library's events arrive.</summary>
internal sealed class TrackLibraryDefinition : ConsumerDefinition<TrackLibraryConsumer>
{
    public TrackLibraryDefinition() => EndpointName = QueueNames.TrainingTrackLibrary;
}
