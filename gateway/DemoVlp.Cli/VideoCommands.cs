using System.CommandLine;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Cli;

/// <summary>Commands about videos.</summary>
internal static class VideoCommands
{
    public static readonly Func<Argument<Guid>> Id = () => new Argument<Guid>("id") { Description = "Id of the video." };

    public static IEnumerable<Command> All()
    {
        yield return UploadCommand.Create();
        yield return List();
        yield return Show();
        yield return Delete();
        yield return Retry();
        yield return Regions();
    }

    private static Command List()
    {
        var status = new Option<string?>("--status") { Description = "Only videos in this stage." };
        status.AcceptOnlyFromAmong(VideoStatus.Uploaded, VideoStatus.Sampling, VideoStatus.Extracting, VideoStatus.Embedding, VideoStatus.Indexed, VideoStatus.Failed);
        var command = new Command("videos", "List the videos, newest first.") { status };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            await session.Printer.ListAsync(
                session.Client.ListVideosAsync(parsed.GetValue(status), 100, cancellationToken), ["Id", "Title", "Status", "Length", "Size", "Uploaded"],
                video => [video.Id.ToString(), video.Title, StatusOf(video), video.DurationSeconds is { } s ? Printer.Time(s) : "", Printer.Size(video.Bytes), Printer.When(video.CreatedAt)],
                cancellationToken);
            return ExitCodes.Done;
        });
    }

    private static Command Show()
    {
        var id = Id();
        var command = new Command("show", "Show one video.") { id };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            session.Printer.Show(await session.Client.GetVideoAsync(parsed.GetValue(id), cancellationToken), video => Printer.Fields(
                ("Id", video.Id.ToString()), ("Title", video.Title), ("Status", StatusOf(video)), ("Why", video.Failure?.Detail),
                ("Length", video.DurationSeconds is { } s ? Printer.Time(s) : null), ("Picture", video.Width is { } w ? $"{w} x {video.Height}" : null),
                ("Size", Printer.Size(video.Bytes)), ("SHA-256", video.Sha256),
                ("Frames", video.Frames.Count > 0 ? string.Join("  ", video.Frames.Select(frame => Printer.Time(frame.TimestampSeconds))) : null),
                ("Regions", video.RegionCount is { } n ? $"{n} by {video.Detector} {Short(video.DetectorHash)}" : null),
                ("Progress", video.Progress is { } p ? $"{p.FramesExtracted} of {p.FramesTotal} frames" : null), ("Renewal", video.Renewal is { } r ? r.Failure?.Detail ?? r.State : null), ("Model", video.ModelVersion),
                ("Captions", video.Captions.Count > 0 ? string.Join("\n", video.Captions) : null),
                ("Uploaded", Printer.When(video.CreatedAt)), ("Indexed", video.IndexedAt is { } at ? Printer.When(at) : null)));
            return ExitCodes.Done;
        });
    }

    private static Command Delete()
    {
        var ids = new Argument<Guid[]>("ids") { Description = "Ids of the videos.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("delete", "Delete videos, with all that was made of them.") { ids };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            foreach (var id in parsed.GetValue(ids)!)
            {
                await session.Client.DeleteVideoAsync(id, cancellationToken);
                session.Printer.Say($"Deleted {id}.");
            }
            return ExitCodes.Done;
        });
    }

    private static Command Retry()
    {
        var id = Id();
        var command = new Command("retry", "Try a failed video again.") { id };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            session.Printer.Show(await session.Client.RetryVideoAsync(parsed.GetValue(id), cancellationToken), video => Printer.Fields(("Id", video.Id.ToString()), ("Status", StatusOf(video))));
            return ExitCodes.Done;
        });
    }

    private static Command Regions()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell how many there are." };
        var again = new Command("re-extract", "Extract the regions again that another detector made; searches go on meanwhile.") { dryRun };
        again.Does(async (session, parsed, cancellationToken) =>
        {
            var state = parsed.GetValue(dryRun) ? await session.Client.GetReExtractionAsync(cancellationToken) : await session.Client.BeginReExtractionAsync(cancellationToken);
            session.Printer.Show(state, it => Printer.Fields(
                ("Detector in use", $"{it.Detector} {Short(it.DetectorHash)}"), ("Videos of another", Printer.Number(it.Videos)),
                ("Begun now", parsed.GetValue(dryRun) ? null : Printer.Number(it.Queued)), ("Under way", Printer.Number(it.UnderWay)), ("Failed", it.Failed > 0 ? Printer.Number(it.Failed) : null)));
            return ExitCodes.Done;
        });
        return new Command("regions", "What the detector found.") { again };
    }

    private static string? Short(string? hash) => hash is { Length: > 8 } ? hash[..8] : hash;

    public static string StatusOf(Video video) => video.Failure is { } failure ? $"{video.Status} ({failure.Code})" : video.Status;
}
