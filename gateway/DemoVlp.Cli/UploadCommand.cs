using System.CommandLine;
using DemoVlp.Client;
using DemoVlp.Contracts.Http;
using Spectre.Console;

namespace DemoVlp.Cli;

/// <summary><c>demovlp upload</c>: files one after the other, with progress; with <c>--wait</c> until all can be found.</summary>
internal static class UploadCommand
{
    public static Command Create()
    {
        var files = new Argument<FileInfo[]>("files") { Description = "Video files.", Arity = ArgumentArity.OneOrMore }.AcceptExistingOnly();
        var title = new Option<string?>("--title") { Description = "Title shown in lists; with several files their names are used." };
        var captions = new Option<string[]>("--caption") { Description = "A caption that training may use; may be repeated.", DefaultValueFactory = _ => [] };
        var wait = new Option<bool>("--wait") { Description = "Wait until each video is indexed or failed." };
        var command = new Command("upload", "Upload videos.") { files, title, captions, wait };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var all = parsed.GetValue(files)!;
            var videos = new List<(FileInfo File, Video Video)>();
            foreach (var file in all)
            {
                var upload = new VideoUpload(file.Name) { Title = all.Length == 1 ? parsed.GetValue(title) : null, Captions = parsed.GetValue(captions)! };
                videos.Add((file, await UploadAsync(session, file, upload, cancellationToken)));
            }
            // Not one after the other: the system works on several at once.
            var settled = parsed.GetValue(wait) ? await WaitAsync(session, videos, cancellationToken) : [.. videos.Select(v => v.Video)];
            if (session.Printer.Json) foreach (var video in settled) session.Printer.Show(video, _ => new Text(""));
            return settled.Any(video => video.Status == VideoStatus.Failed) ? ExitCodes.Failed : ExitCodes.Done;
        });
    }

    private static async Task<Video> UploadAsync(Session session, FileInfo file, VideoUpload upload, CancellationToken cancellationToken)
    {
        var (client, printer) = session;
        var result = !printer.Interactive ? await SendAsync(null) : await AnsiConsole.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn())
            .StartAsync(progress => SendAsync(progress.AddTask(Markup.Escape(file.Name), maxValue: Math.Max(1, file.Length))));
        printer.Say($"{file.Name}: {result.Video.Id}{(result.AlreadyThere ? " (was there already)" : "")}");
        return result.Video;

        async Task<UploadResult> SendAsync(ProgressTask? bar)
        {
            await using var content = file.OpenRead();
            return await client.UploadAsync(content, upload, bar is null ? null : new Report(bar), cancellationToken);
        }
    }

    private static async Task<List<Video>> WaitAsync(Session session, List<(FileInfo File, Video Video)> videos, CancellationToken cancellationToken)
    {
        var (client, printer) = session;
        if (!printer.Interactive) return await SettleAsync(null);
        var settled = await AnsiConsole.Progress().AutoClear(true).Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(progress => SettleAsync(progress.AddTask("", maxValue: videos.Count)));
        foreach (var (waited, video) in videos.Zip(settled)) Say(waited.File, video);
        return settled;

        async Task<List<Video>> SettleAsync(ProgressTask? bar)
        {
            var done = new List<Video>();
            foreach (var (file, uploaded) in videos)
            {
                await foreach (var change in client.WatchVideoAsync(uploaded.Id, cancellationToken))
                    if (bar is not null) bar.Description = Markup.Escape($"{file.Name}: {change.Status}");
                // The stream may have ended for another reason than the video's: the record itself decides.
                done.Add(await client.GetVideoAsync(uploaded.Id, cancellationToken));
                if (bar is null) Say(file, done[^1]);
                else bar.Increment(1);
            }
            return done;
        }

        void Say(FileInfo file, Video video) => printer.Say($"{file.Name}: {VideoCommands.StatusOf(video)}{(video.Failure is { } failure ? ": " + failure.Detail : "")}");
    }

    /// <summary>Reports at once; <see cref="Progress{T}"/> would queue the reports of a fast upload.</summary>
    private sealed class Report(ProgressTask bar) : IProgress<long>
    {
        void IProgress<long>.Report(long value) => bar.Value = value;
    }
}
