using System.CommandLine;
using DemoVlp.Client;
using DemoVlp.Contracts.Http;
using Spectre.Console;

namespace DemoVlp.Cli;

/// <summary><c>demovlp upload</c>: files one after the other, with progress; with <c>--wait</c> until they can be found.</summary>
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
            var failed = false;
            var all = parsed.GetValue(files)!;
            foreach (var file in all)
            {
                var upload = new VideoUpload(file.Name) { Title = all.Length == 1 ? parsed.GetValue(title) : null, Captions = parsed.GetValue(captions)! };
                var video = await OneAsync(session, file, upload, parsed.GetValue(wait), cancellationToken);
                failed |= video.Status == VideoStatus.Failed;
            }
            return failed ? ExitCodes.Failed : ExitCodes.Done;
        });
    }

    private static async Task<Video> OneAsync(Session session, FileInfo file, VideoUpload upload, bool wait, CancellationToken cancellationToken)
    {
        var (client, printer) = session;
        if (!printer.Interactive) return await UploadAsync(null);
        return await AnsiConsole.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn())
            .StartAsync(progress => UploadAsync(progress.AddTask(Markup.Escape(file.Name), maxValue: Math.Max(1, file.Length))));

        async Task<Video> UploadAsync(ProgressTask? bar)
        {
            await using var content = file.OpenRead();
            var result = await client.UploadAsync(content, upload, bar is null ? null : new Report(bar), cancellationToken);
            var video = result.Video;
            printer.Say($"{file.Name}: {video.Id}{(result.AlreadyThere ? " (was there already)" : "")}");
            if (wait)
            {
                await foreach (var change in client.WatchVideoAsync(video.Id, cancellationToken))
                {
                    video = change;
                    if (bar is not null) bar.Description = Markup.Escape($"{file.Name}: {change.Status}");
                }
                // The stream may have ended for another reason than the video's: the record itself decides.
                video = await client.GetVideoAsync(video.Id, cancellationToken);
                printer.Say($"{file.Name}: {VideoCommands.StatusOf(video)}{(video.Failure is { } failure ? ": " + failure.Detail : "")}");
            }
            if (printer.Json) printer.Show(video, _ => new Text(""));
            return video;
        }
    }

    /// <summary>Reports at once; <see cref="Progress{T}"/> would queue the reports of a fast upload.</summary>
    private sealed class Report(ProgressTask bar) : IProgress<long>
    {
        void IProgress<long>.Report(long value) => bar.Value = value;
    }
}
