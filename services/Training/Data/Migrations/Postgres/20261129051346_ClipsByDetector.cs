using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Training.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class ClipsByDetector : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "DetectorHash",
                schema: "training",
                table: "DatasetClips",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "Detectors",
                schema: "training",
                columns: table => new
                {
                    Sha256 = table.Column<string>(type: "text", nullable: false),
                    LoadedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Detectors", x => x.Sha256);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Detectors",
                schema: "training");

            migrationBuilder.DropColumn(
                name: "DetectorHash",
                schema: "training",
                table: "DatasetClips");
        }
    }
}
